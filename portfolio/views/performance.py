"""What a portfolio did, and what each of its instruments did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Self
from uuid import UUID

from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.http import InvestorRequest
from accounts.policies import signed_in, takes_ids
from portfolio.bookkeeping.amounts import ZERO
from portfolio.returns.by_instrument import InstrumentReturn, measure_instruments
from portfolio.returns.forms import PerformanceForm
from portfolio.returns.gains import Method
from portfolio.returns.performance import measure
from portfolio.views.explain_links import ExplainLinks
from portfolio.views.portfolios import find_portfolio, tab_context
from portfolio.views.readings import WORDS, percent, performance_context
from portfolio.views.spans import DaysForm, pills, span_of

INSTRUMENTS_SHOWN: Final = 50  # what a page may weigh


@dataclass(frozen=True, slots=True)
class ReturnLine:
    """An instrument's figures, returns in percent; ``why`` is the first reason of a missing one."""

    found: InstrumentReturn
    simple_pct: Decimal | None
    twr_pct: Decimal | None
    xirr_pct: Decimal | None
    gross: Mapping[str, Decimal | None]  # those of them that charges have lowered
    why: str

    @classmethod
    def of(cls, found: InstrumentReturn) -> Self:
        return cls(
            found,
            simple_pct=percent(found.simple_return),
            twr_pct=percent(found.twr),
            xirr_pct=percent(found.xirr),
            gross={
                name: percent(getattr(found, f"gross_{name}"))
                for name in ("simple_return", "twr", "xirr")
                if found.charges or found.trade_charges
            },
            why=next((WORDS[code] for code in found.reasons.values() if code in WORDS), ""),
        )


@signed_in
@takes_ids(benchmark_portfolio_id="benchmark_portfolio_id", benchmark_index_id="benchmark_index_id")
@require_GET
def performance(request: InvestorRequest, portfolio_id: UUID) -> HttpResponse:
    portfolio = find_portfolio(request, portfolio_id)
    now = timezone.now()
    days = DaysForm(request.GET, beside=[portfolio], today=now.date())
    span = span_of(days)
    form = PerformanceForm(request.GET or None, user=request.user, beside=[portfolio])
    is_asked = form.is_bound and form.is_valid()
    found = measure(
        portfolio,
        start=span.start,
        end=span.end,
        method=form.method_chosen() if is_asked else Method(portfolio.lot_method),
        benchmark=form.comparison(at=now) if is_asked else None,
        at=now,
    )
    context = tab_context(portfolio, "performance") | performance_context(found)
    method = {"method": found.method.value} if found.method else {}
    context |= {
        "explains": ExplainLinks.of(portfolio, **dict(span.asked), **method),
        "form": form,
        "days": days,
        "range": span,
        "range_choices": pills(span, form.chosen()),
    }
    status = 422 if days.errors or (form.is_bound and form.errors) else 200
    return TemplateResponse(request, "portfolio/performance.html", context, status=status)


@signed_in
@require_GET
def instruments(request: InvestorRequest, portfolio_id: UUID) -> HttpResponse:
    """What each instrument did; those with the smallest changes are left out where it is many."""
    portfolio = find_portfolio(request, portfolio_id)
    now = timezone.now()
    span = span_of(DaysForm(request.GET, beside=[portfolio], today=now.date()))
    found = measure_instruments(portfolio, start=span.start, end=span.end, at=now)
    known = sorted(found.items, key=lambda one: -abs(one.gain or ZERO))
    shown = {one.instrument.id for one in known[:INSTRUMENTS_SHOWN]}
    context = tab_context(portfolio, "performance")
    context |= {
        "found": found,
        "rows": [ReturnLine.of(one) for one in found.items if one.instrument.id in shown],
        "left_out": len(found.items) - len(shown),
        "range": span,
        "range_choices": pills(span, {}),
    }
    return TemplateResponse(request, "portfolio/instrument_returns.html", context)
