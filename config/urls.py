"""Every address of the desk: pages of each app, the API, the admin."""

from importlib.util import find_spec

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path

APPS = ("accounts", "market", "portfolio", "trading", "integrations")

urlpatterns: list[URLPattern | URLResolver] = [
    *(path("", include(f"{app}.urls")) for app in APPS if find_spec(f"{app}.urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
]
if find_spec("config.api"):
    from config.api import api, unknown_path

    urlpatterns += [path("api/v1/", api.urls), re_path(r"^api(?:/|$)", unknown_path)]
