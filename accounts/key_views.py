"""The pages of a user's API keys. A new key opens the account, so whoever makes one is asked
first whether it is he.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts import api_keys
from accounts.errors import NotFound
from accounts.forms import ApiKeyForm, RotationForm
from accounts.models import ApiKey
from accounts.policies import signed_in, takes_ids

if TYPE_CHECKING:
    from uuid import UUID

    from accounts.http import InvestorRequest


@signed_in
@takes_ids(portfolio_ids="portfolio_ids")
@never_cache
@require_http_methods(["GET", "POST"])
@reauthentication_required(allow_get=True)  # type: ignore[untyped-decorator]
def api_keys_page(request: InvestorRequest) -> HttpResponse:
    """List the user's keys; a post makes one and shows its text this once."""
    form = ApiKeyForm(request.POST or None, owner=request.user)
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
            return keys_page(request, ApiKeyForm(owner=request.user), text=text)
    return keys_page(request, form)


@signed_in
@never_cache
@require_http_methods(["GET", "POST"])
@reauthentication_required(allow_get=True)  # type: ignore[untyped-decorator]
def rotate_api_key(request: InvestorRequest, key_id: UUID) -> HttpResponse:
    """Ask how long the former key lives on; a post makes the new one and shows its text once."""
    key = ApiKey.objects.for_user(request.user).live(timezone.now()).filter(id=key_id).first()
    if key is None:
        raise Http404
    form = RotationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            _, text = api_keys.rotate_key(
                key_id=key.id,
                owner=request.user,
                overlap=form.overlap(),
                rotated_at=timezone.now(),
            )
        except api_keys.KeyRefused as error:
            form.add_problems(error.problems)
        except (api_keys.KeyEnded, NotFound) as error:  # in the moment since it was looked up
            raise Http404 from error
        else:
            return keys_page(request, ApiKeyForm(owner=request.user), text=text)
    context = {"form": form, "key": key}
    status = 422 if form.errors else 200
    return TemplateResponse(request, "accounts/rotate_key.html", context, status=status)


@signed_in
@require_POST
def revoke_api_key(request: InvestorRequest, key_id: UUID) -> HttpResponse:
    """Without asking who it is: in an emergency nothing may stand in the way."""
    try:
        key = api_keys.revoke_key(key_id=key_id, owner=request.user, revoked_at=timezone.now())
    except NotFound as error:
        raise Http404 from error
    messages.success(request, f"The key “{key.name}” no longer works.")
    return redirect("accounts:api_keys")


def keys_page(
    request: InvestorRequest, form: ApiKeyForm, *, text: str | None = None
) -> HttpResponse:
    """The list with the form, and above them a new key's text where there is one."""
    keys = ApiKey.objects.for_user(request.user).order_by("-created_at", "-id")
    context = {"form": form, "key_text": text, "keys": keys, "now": timezone.now()}
    status = 422 if form.errors else 201 if text else 200
    return TemplateResponse(request, "accounts/api_keys.html", context, status=status)
