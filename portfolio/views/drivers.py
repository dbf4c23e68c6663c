"""What made a portfolio's worth change over a range: a part that pages fetch once it is seen."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.http import InvestorRequest
from accounts.policies import signed_in
from accounts.templatetags.formats import money_places
from portfolio.charts import change_bar
from portfolio.returns.drivers import Drivers
from portfolio.returns.performance import drive_range
from portfolio.returns.shown_drivers import shown_drivers
from portfolio.valuations.ranges import find_range, first_day
from portfolio.views.portfolios import find_portfolio
from portfolio.views.readings import WORDS, percent

LABELS: Final = {
    "flows": "Paid in, less taken out",
    "market": "Market",
    "income": "Income",
    "fees": "Fees",
    "taxes": "Taxes",
    "currency": "Exchange rates",
}
ALWAYS_SHOWN: Final = frozenset({"market", "income", "fees"})


@dataclass(frozen=True, slots=True)
class DriverLine:
    name: str
    label: str
    amount: Decimal


@signed_in
@require_GET
def drivers(request: InvestorRequest, portfolio_id: UUID) -> HttpResponse:
    portfolio = find_portfolio(request, portfolio_id)
    now, choice = timezone.now(), find_range(request.GET.get("range"))
    driven = drive_range(portfolio, start=first_day(choice, end=now.date()), at=now)
    context = {"portfolio": portfolio, "range": choice, "as_of": now}
    if driven.drivers is None:
        context["missing"] = WORDS[driven.reason or "no_price"]
    else:
        context |= drivers_context(driven.drivers, portfolio.currency)
    return TemplateResponse(request, "portfolio/_change.html", context)


def drivers_context(found: Drivers, currency: str) -> dict[str, Any]:
    shown = shown_drivers(found, places=money_places(currency))
    return {
        "drivers": shown,
        "gain_pct": percent(found.simple_return),
        "bar": change_bar(shown.parts),
        "driver_lines": [
            DriverLine(name, LABELS[name], amount)
            for name, amount in shown.parts.items()
            if amount or name in ALWAYS_SHOWN
        ],
    }
