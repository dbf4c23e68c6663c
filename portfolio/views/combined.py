"""Several portfolios on one page: what they are worth, hold and did together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.http import InvestorRequest
from accounts.policies import signed_in, takes_ids
from portfolio.bookkeeping.amounts import ZERO
from portfolio.combined.holdings import CombinedHoldings, combined_holdings, common_currency
from portfolio.models import Portfolio
from portfolio.returns.forms import PerformanceForm
from portfolio.returns.gains import Method
from portfolio.returns.union import measure_together
from portfolio.valuations.ranges import RANGES
from portfolio.views.explain_links import NAMELESS, ExplainLinks
from portfolio.views.home import Choice, visible_portfolios
from portfolio.views.readings import performance_context
from portfolio.views.spans import DaysForm, Span, span_of

POSITIONS_SHOWN: Final = 32  # what a page may weigh


@signed_in
@takes_ids(
    portfolio="portfolio_id",
    benchmark_portfolio_id="benchmark_portfolio_id",
    benchmark_index_id="benchmark_index_id",
)
@require_GET
def combined(request: InvestorRequest) -> HttpResponse:
    visible = list(visible_portfolios(request.user))
    if not visible:
        return redirect("portfolio:list")
    chosen = choose(visible, request.GET)
    now = timezone.now()
    days = DaysForm(request.GET, beside=chosen, today=now.date())
    span = span_of(days)
    currency = common_currency(chosen, user=request.user, wanted=None)
    form = PerformanceForm(request.GET or None, user=request.user, beside=chosen)
    is_asked = form.is_bound and form.is_valid()
    found = measure_together(
        chosen,
        currency=currency,
        start=span.start,
        end=span.end,
        method=form.method_chosen() if is_asked and request.GET.get("method") else None,
        benchmark=form.comparison(at=now) if is_asked else None,
        at=now,
    )
    context = performance_context(found)
    context |= holdings_context(combined_holdings(chosen, currency=currency, at=now))
    context |= {
        "visible": visible,
        "together": chosen,
        "form": form,
        "days": days,
        "range": span,
        "explains": explain_links(request.GET, span, found.method),
        "range_choices": range_choices(request.GET, span),
    }
    status = 422 if days.errors or (form.is_bound and form.errors) else 200
    return TemplateResponse(request, "portfolio/combined.html", context, status=status)


@signed_in
@require_GET
def combined_worth(request: InvestorRequest) -> HttpResponse:
    """What all of the user's portfolios are worth, as a line for home."""
    chosen = choose(list(visible_portfolios(request.user)), QueryDict())
    currency = common_currency(chosen, user=request.user, wanted=None)
    found = combined_holdings(chosen, currency=currency, at=timezone.now())
    context = {"holdings": found, "currency": currency}
    return TemplateResponse(request, "portfolio/_combined_worth.html", context)


def choose(visible: Sequence[Portfolio], asked: QueryDict) -> list[Portfolio]:
    """Those that were named and are the user's to see; else all of his own, else all."""
    named = set(asked.getlist("portfolio"))
    chosen = [one for one in visible if str(one.id) in named]
    own = [one for one in visible if one.role == "owner"]
    most: int = settings.LIMITS.portfolios_together
    return (chosen or own or list(visible))[:most]


def explain_links(asked: QueryDict, span: Span, method: Method | None) -> ExplainLinks:
    """To explanations of the same portfolios over the same days."""
    named = [("portfolio", one) for one in dict.fromkeys(asked.getlist("portfolio"))]
    chosen = [("method", method.value)] if method else []
    base = reverse("portfolio:combined_explanation", args=[NAMELESS]).removesuffix(NAMELESS)
    return ExplainLinks(base, urlencode([*span.asked, *chosen, *named]))


def range_choices(asked: QueryDict, span: Span) -> list[Choice]:
    dropped = ("range", *DaysForm.base_fields)
    kept = [(name, one) for name, found in asked.lists() for one in found if name not in dropped]
    return [
        Choice(one.label, "?" + urlencode([("range", one.key), *kept]), one is span.range)
        for one in RANGES
    ]


def holdings_context(found: CombinedHoldings) -> dict[str, Any]:
    """The largest positions first."""
    positions = sorted(found.positions, key=lambda one: -(one.market_value or ZERO))
    shown = positions[:POSITIONS_SHOWN]
    return {
        "holdings": found,
        "positions": shown,
        "left_out": len(positions) - len(shown),
    }
