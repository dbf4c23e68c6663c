"""The page on which a user closes his account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import auth
from accounts.closing import close_account
from accounts.errors import HoldfastError
from accounts.forms import ClosingForm
from accounts.policies import signed_in

if TYPE_CHECKING:
    from accounts.http import InvestorRequest


@signed_in
@never_cache
@require_http_methods(["GET", "POST"])
@reauthentication_required(allow_get=True)  # type: ignore[untyped-decorator]
def closing_page(request: InvestorRequest) -> HttpResponse:
    """Say what closing means; a post with the user's own address does it."""
    form = ClosingForm(request.POST or None, owner=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            close_account(user_id=request.user.id, closed_at=timezone.now())
        except HoldfastError as error:
            form.add_error(None, str(error))
        else:
            auth.memory.forget()
            logout(request)
            messages.success(request, "Your account is closed.")
            return redirect("portfolio:landing")
    status = 422 if form.errors else 200
    return TemplateResponse(request, "accounts/closing.html", {"form": form}, status=status)
