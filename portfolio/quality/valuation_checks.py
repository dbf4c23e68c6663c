"""Checks of past days: those whose worth is not known, and what they lack."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from django.db.models import Q

from market.currencies.currency_units import major_of
from portfolio.bookkeeping.amounts import ZERO
from portfolio.bookkeeping.bulk import fetch_rows
from portfolio.models import DailyValuation, Portfolio
from portfolio.quality.findings import Finding, Severity
from portfolio.quality.money_checks import CASH_BY_DAY
from portfolio.valuation import freshen
from portfolio.valuations.reading import rates_into
from portfolio.valuations.valuing import NO_RATE, ONE_DAY

# Spans of days on which a position lacked a price or a rate: days that follow each other differ
# from their number by the same.
LACKING: Final = """
SELECT i.symbol, i.currency, days.gap, min(days.date), max(days.date) FROM (
    SELECT instrument_id, gap, date, date - (
        row_number() OVER (PARTITION BY instrument_id, gap ORDER BY date))::int AS span
    FROM portfolio_positionvaluation
    WHERE portfolio_id = %s AND date BETWEEN %s AND %s AND gap <> ''
) AS days JOIN market_instrument AS i ON i.id = days.instrument_id
GROUP BY i.symbol, i.currency, days.gap, days.instrument_id, days.span
ORDER BY i.symbol, days.instrument_id, min(days.date)
"""

Span = tuple[date, date]  # first and last day


def valuation_findings(portfolio: Portfolio, *, at: datetime) -> Iterator[Finding]:
    """Three queries where every day is known, seven at most; today is checked by others."""
    freshen(portfolio, through_date=at.date() - ONE_DAY)
    stored = DailyValuation.objects.filter(portfolio=portfolio)
    unknown = dict(stored.exclude(gap="").order_by("date").values_list("date", "cash"))
    if not unknown:
        return
    first, final = min(unknown), max(unknown)
    crossed = stored.filter(
        Q(inflow=None) | Q(outflow=None) | ~Q(inflow=0) | ~Q(outflow=0),
        date__range=(first, final + ONE_DAY),
    )
    flow_days = list(crossed.order_by("date").values_list("date", flat=True))
    unrated: defaultdict[str, set[date]] = defaultdict(set)
    for symbol, currency, gap, start, end in fetch_rows(LACKING, [portfolio.id, first, final]):
        if gap == NO_RATE:
            unrated[major_of(currency)] |= set(days_of(start, end))
        else:
            yield unpriced(symbol, (start, end), flow_days)
    cashless = [day for day, cash in unknown.items() if cash is None]
    for currency, days in cash_without_rate(portfolio, cashless).items():
        unrated[currency] |= days
    for currency, days in sorted(unrated.items()):
        for span in spans_of(days):
            yield without_rate(currency, portfolio.currency, span, flow_days)


def unpriced(symbol: str, span: Span, flow_days: Sequence[date]) -> Finding:
    start, end = span
    return Finding(
        code="unpriced_days",
        severity=severity_of(span, flow_days),
        message=f"{symbol} was held from {start} to {end} without a usable close."
        + consequence(span, flow_days),
        symbol=symbol,
        start=start,
        end=end,
    )


def without_rate(currency: str, own: str, span: Span, flow_days: Sequence[date]) -> Finding:
    start, end = span
    return Finding(
        code="unrated_days",
        severity=severity_of(span, flow_days),
        message=f"{currency} was held from {start} to {end} without a rate to {own}."
        + consequence(span, flow_days),
        currency=currency,
        start=start,
        end=end,
    )


def breaks_returns(span: Span, flow_days: Sequence[date]) -> bool:
    """Whether money came or went on one of these days, or the day after. See also ``chain``."""
    index = bisect_left(flow_days, span[0])
    return index < len(flow_days) and flow_days[index] <= span[1] + ONE_DAY


def severity_of(span: Span, flow_days: Sequence[date]) -> Severity:
    return Severity.ERROR if breaks_returns(span, flow_days) else Severity.WARNING


def consequence(span: Span, flow_days: Sequence[date]) -> str:
    if breaks_returns(span, flow_days):
        return " Money came or went meanwhile, so no return across these days can be told."
    return " The worth of these days is left out."


def cash_without_rate(portfolio: Portfolio, days: Sequence[date]) -> dict[str, set[date]]:
    """Which currencies made the cash of some days unknown, ascending days given."""
    lacking: defaultdict[str, set[date]] = defaultdict(set)
    if not days:
        return lacking
    changes: defaultdict[str, list[tuple[date, Decimal]]] = defaultdict(list)
    for day, currency, amount in sorted(fetch_rows(CASH_BY_DAY, [portfolio.id])):
        changes[currency].append((day, amount))
    rates = rates_into(portfolio.currency, changes, start=days[0], through=days[-1])
    for currency, of_currency in changes.items():
        known = rates.get(currency)
        if currency == portfolio.currency:
            continue
        total, waiting = ZERO, iter(of_currency)
        change = next(waiting, None)
        for day in days:
            while change is not None and change[0] <= day:
                total += change[1]
                change = next(waiting, None)
            if total and (known is None or day not in known):
                lacking[currency].add(day)
    return lacking


def days_of(start: date, end: date) -> Iterator[date]:
    return (start + ONE_DAY * number for number in range((end - start).days + 1))


def spans_of(days: Iterable[date]) -> Iterator[Span]:
    """Days that follow each other, together."""
    start = end = None
    for day in sorted(days):
        if start is None or end is None:
            start = end = day
        elif day == end + ONE_DAY:
            end = day
        else:
            yield start, end
            start = end = day
    if start is not None and end is not None:
        yield start, end
