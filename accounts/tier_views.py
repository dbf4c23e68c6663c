"""The page that says what each tier includes, and how to get into another."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_GET

from accounts.http import InvestorRequest
from accounts.policies import signed_in
from accounts.tiers import OFFERED, WORDS, Tier, better_tier, limit_of


@dataclass(frozen=True, slots=True)
class TierColumn:
    tier: Tier
    is_current: bool


@dataclass(frozen=True, slots=True)
class LimitRow:
    """One limit and what each tier includes of it, in the order of the columns."""

    label: str
    cells: list[str]


@signed_in
@require_GET
def tiers(request: InvestorRequest) -> HttpResponse:
    current = Tier(request.user.tier)
    shown = OFFERED if current in OFFERED else (*OFFERED, current)
    context = {
        "columns": [TierColumn(tier, tier == current) for tier in shown],
        "rows": [
            LimitRow(several[:1].upper() + several[1:], [cell(tier, limit) for tier in shown])
            for limit, (_, several) in WORDS.items()
        ],
        "can_rise": any(better_tier(current, limit) for limit in WORDS),
    }
    return TemplateResponse(request, "accounts/tiers.html", context)


def cell(tier: Tier, limit: str) -> str:
    allowed = limit_of(tier, limit)
    return "no limit" if allowed is None else f"{allowed:,}"
