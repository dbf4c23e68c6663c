"""Pages of a user's own matters: profile and look, API keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts import api_keys, users
from accounts.errors import NotFound
from accounts.forms import ApiKeyForm, ProfileForm, ThemeForm
from accounts.models import ApiKey
from accounts.policies import public, signed_in, takes_ids
from accounts.templatetags.formats import theme as known_theme

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpRequest

    from accounts.http import InvestorRequest

THEME_COOKIE: Final = "theme"
COOKIE_AGE_SECONDS: Final = 365 * 24 * 3600


@signed_in
@require_http_methods(["GET", "POST"])
def settings_page(request: InvestorRequest) -> HttpResponse:
    # The operation reads the user anew, because the form writes into the one it is given.
    form = ProfileForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        name = form.cleaned_data["display_name"]
        users.change_profile(user=request.user, display_name=name, changed_at=timezone.now())
        messages.success(request, "Saved.")
        return redirect("accounts:settings")
    context = {
        "form": form,
        "theme_form": ThemeForm(initial={"theme": known_theme(request.COOKIES.get(THEME_COOKIE))}),
        "allowance": request.user.allowance,
    }
    status = 422 if form.errors else 200
    return TemplateResponse(request, "accounts/settings.html", context, status=status)


@public
@require_POST
def choose_theme(request: HttpRequest) -> HttpResponse:
    """Keep the look in a cookie, because it belongs to the device and not to the person."""
    form = ThemeForm(request.POST)
    if not form.is_valid():
        return HttpResponse("The theme must be auto, light or dark.", status=422)
    response = redirect("accounts:settings")
    response.set_cookie(
        THEME_COOKIE, form.cleaned_data["theme"], max_age=COOKIE_AGE_SECONDS, samesite="Lax"
    )
    return response


@signed_in
@takes_ids(portfolio_ids="portfolio_ids")
@never_cache
@require_http_methods(["GET", "POST"])
def api_keys_page(request: InvestorRequest) -> HttpResponse:
    """List the user's keys; a post makes one and shows its text this once."""
    form = ApiKeyForm(request.POST or None, owner=request.user)
    text = None
    if request.method == "POST" and form.is_valid():
        try:
            _, text = api_keys.issue_key(
                owner=request.user,
                name=form.cleaned_data["name"],
                scopes=form.cleaned_data["scopes"],
                portfolio_ids=form.chosen_portfolios(),
                networks=form.chosen_networks(),
                expires_at=form.expiry(),
                created_at=timezone.now(),
            )
        except api_keys.KeyRefused as error:
            form.add_problems(error.problems)
        else:
            form = ApiKeyForm(owner=request.user)
    keys = ApiKey.objects.for_user(request.user).order_by("-created_at", "-id")
    context = {"form": form, "key_text": text, "keys": keys, "now": timezone.now()}
    status = 422 if form.errors else 201 if text else 200
    return TemplateResponse(request, "accounts/api_keys.html", context, status=status)


@signed_in
@require_POST
def revoke_api_key(request: InvestorRequest, key_id: UUID) -> HttpResponse:
    try:
        key = api_keys.revoke_key(key_id=key_id, owner=request.user, revoked_at=timezone.now())
    except NotFound as error:
        raise Http404 from error
    messages.success(request, f"The key “{key.name}” no longer works.")
    return redirect("accounts:api_keys")
