"""Every address of the desk: pages of each app, the API, the admin."""

from allauth import urls as sign_in
from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path

from accounts.whole_requests import all_whole, whole
from config.alpaca import api as alpaca
from config.api import api, unknown_path
from config.operations import overview
from config.unforeseen import answer_bad_request, answer_crash

# The admin has no door of its own, which would ask for a password alone.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
admin.site.logout = whole(admin.site.logout)  # type: ignore[method-assign, assignment]

urlpatterns: list[URLPattern | URLResolver] = [
    # First, because addresses are compared one after the other, and programs call the most.
    path("api/v1/", api.urls),
    re_path(r"^api(?:/|$)", unknown_path),
    path("alpaca/", alpaca.urls),
    path("operations", overview, name="operations"),
    path("", include("accounts.urls")),
    path("", include("market.urls")),
    path("", include("portfolio.urls")),
    path("", include("trading.urls")),
    path("", include("integrations.urls")),
    path("accounts/", include(all_whole(sign_in.urlpatterns))),
    path("admin/", admin.site.urls),
]

handler400 = answer_bad_request
handler500 = answer_crash
