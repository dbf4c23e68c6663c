"""The page that says which mail the desk sends, and where to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from allauth.account.models import EmailAddress
from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_GET

from accounts.policies import signed_in

if TYPE_CHECKING:
    from accounts.http import InvestorRequest


@signed_in
@require_GET
def notifications_page(request: InvestorRequest) -> HttpResponse:
    """What is sent cannot be switched off: whoever takes an account over would do that first."""
    addresses = EmailAddress.objects.filter(user=request.user, email=request.user.email)
    context = {"is_confirmed": addresses.filter(verified=True).exists()}
    return TemplateResponse(request, "accounts/notifications.html", context)
