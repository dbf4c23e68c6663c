from django.urls import path

from accounts import views

app_name = "accounts"

urlpatterns = [
    path("settings", views.settings_page, name="settings"),
    path("settings/theme", views.choose_theme, name="choose_theme"),
    path("settings/api-keys", views.api_keys_page, name="api_keys"),
    path("settings/api-keys/<uuid:key_id>/revocation", views.revoke_api_key, name="revoke_key"),
]
