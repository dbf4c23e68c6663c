"""Gains realised, by year and by sale, and as a file for whoever declares them."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.forms import DownloadForm
from accounts.http import InvestorRequest
from accounts.policies import signed_in
from accounts.table_answers import table_response
from market.models import Instrument
from portfolio.models import Portfolio
from portfolio.portfolios import total
from portfolio.returns.gains import RealisedGain
from portfolio.returns.period_gains import period_gains
from portfolio.returns.realised import RealisedPeriod, realised_gains
from portfolio.returns.realised_years import by_year, days_held, realised_table
from portfolio.returns.trade_charges import GainCharges
from portfolio.views.home import Choice
from portfolio.views.portfolios import find_portfolio, tab_context

SHOWN: Final = 60  # the file has them all


@dataclass(frozen=True, slots=True)
class SaleRow:
    symbol: str
    name: str
    gain: RealisedGain
    days: int
    charges: GainCharges
    of_period: Decimal | None  # since the year began


@signed_in
@require_GET
def realised(request: InvestorRequest, portfolio_id: UUID) -> HttpResponse:
    portfolio, now = find_portfolio(request, portfolio_id), timezone.now()
    found = realised_gains(portfolio, at=now)
    years = by_year(found)
    known = [one.year for one in years] or [now.year]
    year = wanted_year(request, known) or known[0]
    rows = sale_rows(portfolio, found, year)
    context = tab_context(portfolio, "realised") | {
        "years": years,
        "year": year,
        "of_period": total(row.of_period for row in rows),
        "sales": rows[-SHOWN:][::-1],
        "more": max(len(rows) - SHOWN, 0),
        "year_choices": [Choice(str(one), f"?year={one}", is_current=one == year) for one in known],
    }
    return TemplateResponse(request, "portfolio/realised.html", context)


@signed_in
@require_GET
def realised_file(request: InvestorRequest, portfolio_id: UUID) -> HttpResponseBase:
    """The sales of a year, or of all, a row for each lot that each of them used."""
    portfolio, now = find_portfolio(request, portfolio_id), timezone.now()
    form = DownloadForm(request.GET)
    if not form.is_valid():
        return HttpResponse(DownloadForm.WORDS, status=422)
    year = wanted_year(request, range(1970, now.year + 1))
    start = date(year, 1, 1) if year else None
    end = min(date(year, 12, 31), now.date()) if year else None
    found = realised_gains(portfolio, start=start, end=end, at=now)
    table = realised_table(portfolio, found, method=portfolio.lot_method)
    return table_response(table, form.form())


def wanted_year(request: HttpRequest, known: Container[int]) -> int | None:
    """The year that the address names, if it is one of those that are known."""
    asked = request.GET.get("year", "")
    is_year = asked.isascii() and asked.isdecimal() and len(asked) == 4
    return int(asked) if is_year and int(asked) in known else None


def sale_rows(portfolio: Portfolio, found: RealisedPeriod, year: int) -> list[SaleRow]:
    """Those of a year, in the order of the sales."""
    pairs = [
        (one, charges)
        for one, charges in zip(found.realised, found.charges, strict=True)
        if one.closed_at.year == year
    ]
    realised = [one for one, _ in pairs]
    gains = period_gains(portfolio, realised, found.trades, start=date(year, 1, 1))
    instruments = Instrument.objects.in_bulk({one.instrument_id for one in realised})
    return [
        SaleRow(
            symbol=instruments[one.instrument_id].symbol,
            name=instruments[one.instrument_id].name,
            gain=one,
            days=days_held(one),
            charges=charges,
            of_period=gain,
        )
        for (one, charges), gain in zip(pairs, gains, strict=True)
    ]
