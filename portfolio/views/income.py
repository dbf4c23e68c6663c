"""What a portfolio earned month by month, and what is declared to come."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby
from uuid import UUID

from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.dates import MONTHS_3
from django.views.decorators.http import require_GET

from accounts.http import InvestorRequest
from accounts.policies import signed_in
from portfolio.bookkeeping.amounts import ZERO
from portfolio.income.declared import DeclaredDividend, declared_dividends
from portfolio.income.received import MonthIncome, Payment, received_income
from portfolio.portfolios import total
from portfolio.valuations.ranges import RANGES
from portfolio.views.explain_links import ExplainLinks
from portfolio.views.home import Choice
from portfolio.views.portfolios import find_portfolio, tab_context


@dataclass(frozen=True, slots=True)
class YearIncome:
    """Twelve months of gross income, None for one without; all in the portfolio's currency."""

    year: int
    months: Sequence[Decimal | None]
    gross: Decimal
    taxes: Decimal
    fees: Decimal
    net: Decimal


@dataclass(frozen=True, slots=True)
class CalendarMonth:
    """A month with what was paid in it and what is declared for it, by day."""

    first_day: date
    payments: Sequence[Payment]
    declared: Sequence[DeclaredDividend]


@signed_in
@require_GET
def income_tab(request: InvestorRequest, portfolio_id: UUID) -> HttpResponse:
    portfolio, now = find_portfolio(request, portfolio_id), timezone.now()
    found = received_income(portfolio, start=None, end=None, at=now)
    forecast = declared_dividends(portfolio, at=now)
    years = year_rows(found.months)
    asked = request.GET.get("year", "")
    known = known_years(years, forecast) or [now.year]
    current = now.year if now.year in known else known[0]
    year = int(asked) if asked.isdecimal() and int(asked) in known else current
    context = tab_context(portfolio, "income") | {
        "found": found,
        "explains": ExplainLinks.of(portfolio, range=RANGES[-1].key),
        "years": years,
        "month_names": [MONTHS_3[month].title() for month in range(1, 13)],
        "forecast": forecast,
        "expected": total(one.value for one in forecast),
        "has_accrued": any(one.is_accrued for one in forecast),
        "accrued": total(one.value for one in forecast if one.is_accrued),
        "calendar": calendar_months(
            [one for one in found.payments if one.paid_on.year == year], forecast, year=year
        ),
        "year_choices": [Choice(str(one), f"?year={one}", one == year) for one in known],
    }
    return TemplateResponse(request, "portfolio/income.html", context)


def known_years(years: Iterable[YearIncome], forecast: Iterable[DeclaredDividend]) -> list[int]:
    """Years in which something was paid or is to come, the newest first."""
    found = {row.year for row in years} | {one.pay_date.year for one in forecast}
    return sorted(found, reverse=True)


def year_rows(months: Iterable[MonthIncome]) -> list[YearIncome]:
    """Newest year first."""
    rows = []
    for year, found in groupby(months, key=lambda one: one.year):
        within = {one.month: one for one in found}
        rows.append(
            YearIncome(
                year,
                [within[month].gross if month in within else None for month in range(1, 13)],
                gross=sum((one.gross for one in within.values()), ZERO),
                taxes=sum((one.taxes for one in within.values()), ZERO),
                fees=sum((one.fees for one in within.values()), ZERO),
                net=sum((one.net for one in within.values()), ZERO),
            )
        )
    return rows[::-1]


def calendar_months(
    payments: Sequence[Payment], forecast: Sequence[DeclaredDividend], *, year: int
) -> list[CalendarMonth]:
    """Months of a year in which something was paid or is to come, ascending."""
    months = []
    for month in range(1, 13):
        first = date(year, month, 1)
        paid = [one for one in payments if one.paid_on.replace(day=1) == first]
        coming = [one for one in forecast if one.pay_date.replace(day=1) == first]
        if paid or coming:
            months.append(CalendarMonth(first, paid, coming))
    return months
