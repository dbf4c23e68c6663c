"""Addresses that Django and allauth bring, each with who may call it.

They guard themselves; this table says what they are trusted to do, and an address that is not in
it, as an upgrade may bring one, is refused at the start until somebody has looked at it.
"""

from __future__ import annotations

import re
from typing import Final

from accounts.policies import Policy

BY_NAME: Final[dict[str, Policy]] = {
    # The API's own pages: its document, its documentation, the name of its root.
    "api:openapi-json": Policy.PUBLIC,
    "api:openapi-view": Policy.PUBLIC,
    "api:api-root": Policy.PUBLIC,
    "api:unknown-path": Policy.PUBLIC,
    "alpaca:api-root": Policy.PUBLIC,
    "alpaca:unknown-path": Policy.PUBLIC,
    # allauth: in and out.
    "account_login": Policy.PUBLIC,
    "account_logout": Policy.PUBLIC,
    "account_signup": Policy.PUBLIC,
    "account_inactive": Policy.PUBLIC,
    "account_email_verification_sent": Policy.PUBLIC,
    "account_confirm_email": Policy.PUBLIC,
    "account_reset_password": Policy.PUBLIC,
    "account_reset_password_done": Policy.PUBLIC,
    "account_reset_password_from_key": Policy.PUBLIC,
    "account_reset_password_from_key_done": Policy.PUBLIC,
    "account_confirm_login_code": Policy.AMID_SIGN_IN,
    "account_reauthenticate": Policy.SIGNED_IN,
    "account_email": Policy.SIGNED_IN,
    "account_change_password": Policy.SIGNED_IN,
    "account_set_password": Policy.SIGNED_IN,
    # allauth: second factors and passkeys.
    "mfa_authenticate": Policy.AMID_SIGN_IN,
    "mfa_login_webauthn": Policy.AMID_SIGN_IN,
    "mfa_index": Policy.SIGNED_IN,
    "mfa_reauthenticate": Policy.SIGNED_IN,
    "mfa_activate_totp": Policy.SIGNED_IN,
    "mfa_deactivate_totp": Policy.SIGNED_IN,
    "mfa_view_recovery_codes": Policy.SIGNED_IN,
    "mfa_generate_recovery_codes": Policy.SIGNED_IN,
    "mfa_download_recovery_codes": Policy.SIGNED_IN,
    "mfa_list_webauthn": Policy.SIGNED_IN,
    "mfa_add_webauthn": Policy.SIGNED_IN,
    "mfa_reauthenticate_webauthn": Policy.SIGNED_IN,
    "mfa_remove_webauthn": Policy.SIGNED_IN,
    "mfa_edit_webauthn": Policy.SIGNED_IN,
    # allauth: sessions. Ours stands before it at the same address.
    "usersessions_list": Policy.SIGNED_IN,
    # allauth: signing in by way of providers. Their own addresses are there where one is set up.
    "socialaccount_connections": Policy.SIGNED_IN,
    "socialaccount_signup": Policy.AMID_SIGN_IN,
    "socialaccount_login_cancelled": Policy.PUBLIC,
    "socialaccount_login_error": Policy.AMID_SIGN_IN,
    "google_login": Policy.PUBLIC,
    "google_callback": Policy.PUBLIC,
    "google_login_by_token": Policy.PUBLIC,
    "github_login": Policy.PUBLIC,
    "github_callback": Policy.PUBLIC,
    "openid_connect_login": Policy.PUBLIC,
    "openid_connect_callback": Policy.PUBLIC,
    # The admin around its models. Its sign-in is the site's own.
    "admin:login": Policy.AMID_SIGN_IN,
    "admin:logout": Policy.PUBLIC,
    "admin:index": Policy.STAFF_ONLY,
    "admin:password_change": Policy.STAFF_ONLY,
    "admin:password_change_done": Policy.STAFF_ONLY,
    "admin:autocomplete": Policy.STAFF_ONLY,
    "admin:jsi18n": Policy.STAFF_ONLY,
    "admin:view_on_site": Policy.STAFF_ONLY,
    "admin:app_list": Policy.STAFF_ONLY,
}
# Former addresses of allauth, which lead to those of today.
MOVED: Final = frozenset(
    f"accounts/social/{place}/"
    for place in ("connections", "signup", "login/cancelled", "login/error")
)
# The admin's five pages of a model: any of ours, and of others' those listed.
ADMIN_PAGE: Final = re.compile(
    r"admin:(?:(?:accounts|market|portfolio|trading|integrations)_[a-z]+"
    r"|auth_group|account_emailaddress|mfa_authenticator"
    r"|usersessions_usersession|socialaccount_social(?:account|app|token))"
    r"_(?:changelist|add|history|delete|change)"
)
# The admin's nameless ones: from an object to its form, and the answer to anything else.
ADMIN_NAMELESS: Final = re.compile(r"admin/(?:\w+/\w+/<path:object_id>/|\(\?P<url>\.\*\)\$)")


def third_party_policy(name: str, route: str) -> Policy | None:
    """Who may call that address of Django or allauth; ``None`` for one that nobody looked at."""
    if name in BY_NAME:
        return BY_NAME[name]
    if not name and route in MOVED:
        return Policy.PUBLIC
    is_known = ADMIN_PAGE.fullmatch(name) if name else ADMIN_NAMELESS.fullmatch(route)
    return Policy.STAFF_ONLY if is_known else None
