from django.urls import path
from django.views.generic import RedirectView

from accounts import session_views, views

app_name = "accounts"

urlpatterns = [
    path("settings", views.settings_page, name="settings"),
    path("settings/theme", views.choose_theme, name="choose_theme"),
    path("settings/api-keys", views.api_keys_page, name="api_keys"),
    path("settings/sessions", session_views.sessions_page, name="sessions"),
    path("settings/sessions/others", session_views.end_others, name="end_other_sessions"),
    path("settings/sessions/<int:session_id>/end", session_views.end_one, name="end_session"),
    # allauth's own list, which ends all others or none.
    path("accounts/sessions/", RedirectView.as_view(pattern_name="accounts:sessions")),
    path("settings/api-keys/<uuid:key_id>/revocation", views.revoke_api_key, name="revoke_key"),
]
