from django.urls import path

from accounts import (
    audit_views,
    closing_views,
    key_views,
    look_views,
    mail_views,
    session_views,
    tier_views,
    views,
)
from accounts.operations import views as operations

app_name = "accounts"

urlpatterns = [
    path("settings", views.settings_page, name="settings"),
    path("settings/closing", closing_views.closing_page, name="closing"),
    path("settings/notifications", mail_views.notifications_page, name="notifications"),
    path("settings/look", look_views.look_page, name="look"),
    path("settings/api-keys", key_views.api_keys_page, name="api_keys"),
    path("settings/tiers", tier_views.tiers, name="tiers"),
    path("settings/sessions", session_views.sessions_page, name="sessions"),
    path("settings/sessions/others", session_views.end_others, name="end_other_sessions"),
    path("settings/sessions/<int:session_id>/end", session_views.end_one, name="end_session"),
    # Where allauth has a list of its own, which ends all others or none.
    path("accounts/sessions/", session_views.to_sessions_page, name="allauth_sessions"),
    path("settings/api-keys/<uuid:key_id>/rotation", key_views.rotate_api_key, name="rotate_key"),
    path("settings/api-keys/<uuid:key_id>/revocation", key_views.revoke_api_key, name="revoke_key"),
    path("settings/audit", audit_views.audit_page, name="audit"),
    path("operations/users", operations.users_page, name="operations_users"),
    path("operations/users/new", operations.new_user, name="operations_new_user"),
    path("operations/users/<uuid:user_id>", operations.user_page, name="operations_user"),
    path(
        "operations/users/<uuid:user_id>/sign-out",
        operations.sign_user_out,
        name="operations_sign_out",
    ),
    path("operations/audit", operations.audit_page, name="operations_audit"),
]
