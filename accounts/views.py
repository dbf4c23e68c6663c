"""The page of a user's profile, and what his tier includes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts import users
from accounts.forms import ProfileForm
from accounts.policies import signed_in

if TYPE_CHECKING:
    from accounts.http import InvestorRequest


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
    context = {"form": form, "allowance": request.user.allowance}
    status = 422 if form.errors else 200
    return TemplateResponse(request, "accounts/settings.html", context, status=status)
