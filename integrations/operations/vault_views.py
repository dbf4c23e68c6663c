"""The page on which staff sees under which keys credentials lie. It shows no key and no secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_GET

from accounts.policies import staff_only
from integrations.models import Credential
from integrations.vault.errors import VaultUnavailable
from integrations.vault.rotation import KeyUse, key_uses

if TYPE_CHECKING:
    from accounts.http import InvestorRequest


@staff_only
@require_GET
def vault_page(request: InvestorRequest) -> HttpResponse:
    """Each key with how many credentials it wraps, or why the keys cannot be reached."""
    uses: list[KeyUse] = []
    problem = ""
    try:
        uses = key_uses()
    except VaultUnavailable as error:
        problem = str(error)
    without_password = Credential.objects.filter(password_costs="")  # nosec B106 (says: none)
    stored = Credential.objects.count()
    context = {
        "provider": settings.VAULT_KEY_PROVIDER,
        "uses": uses,
        "problem": problem,
        "stored": stored,
        "with_master_password": stored - without_password.count(),
        "to_rewrap": sum(use.credentials for use in uses if not use.is_current),
    }
    return TemplateResponse(request, "operations/vault.html", context)
