"""Checks of money: cash below zero, what never settled, currencies without a rate."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from market.currencies.currency_units import major_of
from portfolio.bookkeeping.amounts import ZERO
from portfolio.bookkeeping.bulk import fetch_rows
from portfolio.models import LedgerBalance, Portfolio, Position
from portfolio.quality.findings import Finding, Severity
from portfolio.valuations.money_now import rates_today

# A purchase may be recorded some days before the money that paid for it.
DIP_DAYS: Final = 7
SETTLED_WITHIN: Final = timedelta(days=7)

CASH_BY_DAY: Final = """
SELECT (e.occurred_at AT TIME ZONE 'UTC')::date AS day, a.currency, sum(p.amount)
FROM portfolio_journalentry AS e
JOIN portfolio_posting AS p ON p.entry_id = e.id
JOIN portfolio_ledgeraccount AS a ON a.id = p.ledger_account_id
WHERE e.portfolio_id = %s AND a.currency <> ''
    AND a.kind IN ('settled', 'to_receive', 'to_deliver')
GROUP BY day, a.currency HAVING sum(p.amount) <> 0
"""
UNSETTLED: Final = """
SELECT b.currency, i.symbol, b.to_receive, b.to_deliver, (
    SELECT max(e.occurred_at) FROM portfolio_ledgeraccount AS a
    JOIN portfolio_posting AS p ON p.ledger_account_id = a.id
    JOIN portfolio_journalentry AS e ON e.id = p.entry_id
    WHERE a.portfolio_id = b.portfolio_id AND a.kind IN ('to_receive', 'to_deliver')
        AND a.currency = b.currency AND a.instrument_id IS NOT DISTINCT FROM b.instrument_id
) AS latest_at
FROM portfolio_ledgerbalance AS b LEFT JOIN market_instrument AS i ON i.id = b.instrument_id
WHERE b.portfolio_id = %s AND (b.to_receive <> 0 OR b.to_deliver <> 0)
"""


def money_findings(portfolio: Portfolio, *, at: datetime) -> Iterator[Finding]:
    """Six queries."""
    yield from cash_below_zero(portfolio)
    yield from unsettled(portfolio, at=at)
    yield from missing_rates(portfolio)


def cash_below_zero(portfolio: Portfolio) -> Iterator[Finding]:
    changes: defaultdict[str, list[tuple[date, Decimal]]] = defaultdict(list)
    for day, currency, amount in fetch_rows(CASH_BY_DAY, [portfolio.id]):
        changes[currency].append((day, amount))
    for currency, days in changes.items():
        for start, end, lowest in dips(days):
            length = None if end is None else (end - start).days
            is_short = length is not None and length <= DIP_DAYS
            until = "and still is" if end is None else f"until {end}"
            yield Finding(
                code="cash_dip" if is_short else "negative_cash",
                severity=Severity.NOTICE
                if is_short
                else Severity.ERROR
                if end is None
                else Severity.WARNING,
                message=f"Cash was below zero from {start} {until}, at the least"
                f" {lowest.normalize():f} {currency}."
                + ("" if is_short else " A deposit may be missing."),
                currency=currency,
                start=start,
                end=end,
            )


def dips(
    changes: Iterable[tuple[date, Decimal]],
) -> Iterator[tuple[date, date | None, Decimal]]:
    """Spans in which a running sum is below zero: first day, first day above again, lowest."""
    total, lowest, since = ZERO, ZERO, None
    for day, amount in sorted(changes):
        total += amount
        if total < 0:
            since = since or day
            lowest = min(lowest, total)
        elif since is not None:
            yield since, day, lowest
            since, lowest = None, ZERO
    if since is not None:
        yield since, None, lowest


def unsettled(portfolio: Portfolio, *, at: datetime) -> Iterator[Finding]:
    rows = fetch_rows(UNSETTLED, [portfolio.id])
    for currency, symbol, to_receive, to_deliver, latest_at in rows:
        if latest_at is None or latest_at > at - SETTLED_WITHIN:
            continue
        amount, what = (to_receive or to_deliver).normalize(), symbol or currency
        yield Finding(
            code="unsettled",
            severity=Severity.WARNING,
            message=f"{amount:f} {what} are on their way since {latest_at.date()}.",
            symbol=symbol,
            currency=currency or None,
            start=latest_at.date(),
        )


def missing_rates(portfolio: Portfolio) -> Iterator[Finding]:
    own = portfolio.currency
    cash = LedgerBalance.objects.filter(portfolio=portfolio, instrument=None)
    wanted = {one.currency for one in cash if one.total}
    held = Position.objects.filter(portfolio=portfolio).exclude(quantity=0)
    wanted |= {major_of(code) for code in held.values_list("instrument__currency", flat=True)}
    known = rates_today((code, own) for code in wanted)
    for code in sorted(wanted - {own}):
        if (code, own) not in known:
            yield Finding(
                code="missing_rate",
                severity=Severity.ERROR,
                message=f"There is no rate from {code} to {own} today, so what is held in it"
                " has no value.",
                currency=code,
            )
