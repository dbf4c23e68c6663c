"""How the pages look on this device, kept in cookies because a device is no person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.decorators.http import require_http_methods

from accounts.forms import LookForm
from accounts.policies import signed_in
from accounts.templatetags.formats import theme as known_theme

if TYPE_CHECKING:
    from accounts.http import InvestorRequest

# Read by base.html, and written by static/js/preferences.js too.
THEME_COOKIE: Final = "theme"
PRIVACY_COOKIE: Final = "privacy"
COOKIE_AGE_SECONDS: Final = 365 * 24 * 3600


@signed_in
@require_http_methods(["GET", "POST"])
def look_page(request: InvestorRequest) -> HttpResponse:
    if request.method == "GET":
        return TemplateResponse(request, "accounts/look.html", {"form": current_look(request)})
    form = LookForm(request.POST)
    if not form.is_valid():
        return TemplateResponse(request, "accounts/look.html", {"form": form}, status=422)
    messages.success(request, "Saved on this device.")
    response = redirect("accounts:look")
    privacy = "on" if form.cleaned_data["hides_amounts"] else "off"
    for name, value in ((THEME_COOKIE, form.cleaned_data["theme"]), (PRIVACY_COOKIE, privacy)):
        response.set_cookie(name, value, max_age=COOKIE_AGE_SECONDS, samesite="Lax")
    return response


def current_look(request: InvestorRequest) -> LookForm:
    return LookForm(
        initial={
            "theme": known_theme(request.COOKIES.get(THEME_COOKIE)),
            "hides_amounts": request.COOKIES.get(PRIVACY_COOKIE) == "on",
        }
    )
