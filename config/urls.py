"""Every address of the desk: pages of each app, the API, the admin."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path

from config.api import api, unknown_path

urlpatterns: list[URLPattern | URLResolver] = [
    # First, because addresses are compared one after the other, and programs call the most.
    path("api/v1/", api.urls),
    re_path(r"^api(?:/|$)", unknown_path),
    path("", include("accounts.urls")),
    path("", include("market.urls")),
    path("", include("portfolio.urls")),
    path("", include("trading.urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
]
