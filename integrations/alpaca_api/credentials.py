"""Who calls, in Alpaca's way: a key's id and secret, and the one portfolio that is the account.

The secret is one of our API keys. As its id, the key's public part or the whole key is taken.
"""

from __future__ import annotations

import base64
import binascii
from typing import Final

from django.http import HttpRequest

from accounts.auth import Caller, KeyAuth, Unauthenticated
from accounts.errors import AccountsError
from accounts.http import ApiRequest
from portfolio.api.reach import find_portfolio
from portfolio.models import Portfolio

ID_HEADER: Final = "APCA-API-KEY-ID"
SECRET_HEADER: Final = "APCA-API-SECRET-KEY"  # noqa: S105 (a name)
AUTHORIZATION: Final = "HTTP_AUTHORIZATION"
GIVEN_ID: Final = "holdfast.given_key_id"
KEY_PARTS: Final = 5  # hf_live_<id>_<secret>_<crc>


class AccountUnnamed(AccountsError):
    """The key reaches several portfolios, so it says of none that it is the account."""

    code = "account_unnamed"


def translate_credentials(request: HttpRequest) -> None:
    """Say what Alpaca's headers, or Basic, say as the rest of the desk is told: by Bearer."""
    key_id, secret = request.headers.get(ID_HEADER, ""), request.headers.get(SECRET_HEADER, "")
    scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
    if not secret and scheme.lower() == "basic":
        key_id, secret = read_basic(credentials)
    if secret:
        request.META[AUTHORIZATION] = f"Bearer {secret.strip()}"
        request.META[GIVEN_ID] = key_id.strip()
        # They were read before, and are kept as they were then.
        request.__dict__.pop("headers", None)


def read_basic(credentials: str) -> tuple[str, str]:
    """Name and password; both empty where there are none to read."""
    try:
        name, _, password = base64.b64decode(credentials, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return name, password


def is_id_of(given: str, key: str) -> bool:
    """Whether that names the key: by the public part of it, or by all of it."""
    parts = key.split("_")
    return given == key or (len(parts) == KEY_PARTS and given == parts[2])


class AccountAuth(KeyAuth):
    """A live key with the scope, bound to one portfolio. ``request.auth`` is its caller."""

    def __call__(self, request: HttpRequest) -> Caller:
        """Return the caller.

        Raises:
            Unauthenticated: no key, none that opens the door, or an id that is another key's.
            AccountUnnamed: the key is bound to no portfolio, or to several.
            KeyBound, ScopeMissing: see ``accounts.auth.KeyAuth``.
        """
        caller = super().__call__(request)
        given = request.META.get(GIVEN_ID)
        if given is not None and not is_id_of(given, request.headers["Authorization"][7:]):
            raise Unauthenticated("The key id is not that of the secret key.")
        if len(caller.portfolio_ids) != 1:
            raise AccountUnnamed("Bind the key to one portfolio, which is then the account.")
        return caller


def account_of(request: ApiRequest) -> Portfolio:
    """The portfolio that the caller's key is bound to.

    Raises:
        PortfolioNotFound: it was archived since.
    """
    (portfolio_id,) = request.auth.portfolio_ids
    return find_portfolio(request.auth, portfolio_id)
