"""The first page of staff: whether the parts work, what came in lately, and where the rest is."""

from __future__ import annotations

from dataclasses import asdict
from typing import Final

from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_GET

from accounts.http import InvestorRequest
from accounts.models import User
from accounts.policies import staff_only
from config.health import readiness
from market.models import IngestionRun, Instrument

RUNS_SHOWN: Final = 10


@staff_only
@require_GET
def overview(request: InvestorRequest) -> HttpResponse:
    context = {
        "parts": asdict(readiness()),
        "users": User.objects.filter(is_active=True).count(),
        "instruments": Instrument.objects.active().count(),
        "runs": IngestionRun.objects.order_by("-created_at", "-id")[:RUNS_SHOWN],
    }
    return TemplateResponse(request, "operations/overview.html", context)
