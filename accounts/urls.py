from django.urls import path

from accounts import key_views, look_views, mail_views, session_views, views

app_name = "accounts"

urlpatterns = [
    path("settings", views.settings_page, name="settings"),
    path("settings/notifications", mail_views.notifications_page, name="notifications"),
    path("settings/look", look_views.look_page, name="look"),
    path("settings/api-keys", key_views.api_keys_page, name="api_keys"),
    path("settings/sessions", session_views.sessions_page, name="sessions"),
    path("settings/sessions/others", session_views.end_others, name="end_other_sessions"),
    path("settings/sessions/<int:session_id>/end", session_views.end_one, name="end_session"),
    # Where allauth has a list of its own, which ends all others or none.
    path("accounts/sessions/", session_views.to_sessions_page, name="allauth_sessions"),
    path("settings/api-keys/<uuid:key_id>/rotation", key_views.rotate_api_key, name="rotate_key"),
    path("settings/api-keys/<uuid:key_id>/revocation", key_views.revoke_api_key, name="revoke_key"),
]
