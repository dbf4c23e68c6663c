"""Dividends and interest that were paid, in the portfolio's currency at the rates booked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from portfolio.bookkeeping.amounts import ZERO
from portfolio.bookkeeping.bulk import fetch_rows
from portfolio.models import Portfolio
from portfolio.returns.periods import find_period

# Reversals take effect when their entries did, so both are left out together.
PAYMENTS: Final = """
SELECT e.id, (e.occurred_at AT TIME ZONE 'UTC')::date, e.kind, i.symbol,
    -sum(round(p.amount * e.base_rate, 10)) FILTER (WHERE a.kind = 'income'),
    coalesce(sum(round(p.amount * e.base_rate, 10)) FILTER (WHERE a.kind = 'taxes'), 0),
    coalesce(sum(round(p.amount * e.base_rate, 10)) FILTER (WHERE a.kind = 'fees'), 0),
    e.amount, e.currency, e.occurred_at
FROM portfolio_journalentry AS e
JOIN portfolio_posting AS p ON p.entry_id = e.id
JOIN portfolio_ledgeraccount AS a ON a.id = p.ledger_account_id AND a.currency <> ''
LEFT JOIN market_instrument AS i ON i.id = e.instrument_id
WHERE e.portfolio_id = %s AND e.occurred_at > %s AND e.kind IN ('dividend', 'interest')
    AND NOT EXISTS (
        SELECT 1 FROM portfolio_journalentry AS reversal WHERE reversal.reverses_id = e.id)
    AND e.occurred_at >= %s::date::timestamp AT TIME ZONE 'UTC'
    AND e.occurred_at < (%s::date + 1)::timestamp AT TIME ZONE 'UTC'
GROUP BY e.id, i.symbol ORDER BY e.occurred_at, e.id
"""


@dataclass(frozen=True, slots=True)
class Payment:
    """One dividend or interest. ``local_amount`` is gross in ``currency``, the rest in ours."""

    activity_id: UUID
    paid_on: date
    kind: str
    symbol: str | None
    amount: Decimal  # gross
    taxes: Decimal  # withheld
    fees: Decimal
    local_amount: Decimal
    currency: str
    occurred_at: datetime

    @property
    def net(self) -> Decimal:
        return self.amount - self.taxes - self.fees

    @property
    def place(self) -> tuple[str, str]:
        """Texts in whose order payments are."""
        moment = self.occurred_at.astimezone(UTC).isoformat(timespec="microseconds")
        return (moment, str(self.activity_id))


@dataclass(slots=True)
class MonthIncome:
    """A month's payments together, gross; ``taxes`` and ``fees`` came off them."""

    year: int
    month: int
    dividends: Decimal = ZERO
    interest: Decimal = ZERO
    taxes: Decimal = ZERO
    fees: Decimal = ZERO

    @property
    def gross(self) -> Decimal:
        return self.dividends + self.interest

    @property
    def net(self) -> Decimal:
        return self.gross - self.taxes - self.fees


@dataclass(frozen=True, slots=True)
class ReceivedIncome:
    """Payments of whole days, both ends included, ascending."""

    start: date
    end: date
    payments: Sequence[Payment]

    @property
    def months(self) -> list[MonthIncome]:
        return by_month(self.payments)

    @property
    def gross(self) -> Decimal:
        return sum((one.amount for one in self.payments), ZERO)

    @property
    def net(self) -> Decimal:
        return sum((one.net for one in self.payments), ZERO)


def received_income(
    portfolio: Portfolio, *, start: date | None, end: date | None, at: datetime
) -> ReceivedIncome:
    """What was paid from ``start``, else the first entry, through ``end``, else today.

    Raises:
        PeriodRefused: the period ends in the future, or before it starts.
    """
    first, final = find_period(portfolio, start=start, end=end, today=at.date())
    rows = fetch_rows(PAYMENTS, [portfolio.id, portfolio.counts_from, first, final])
    return ReceivedIncome(first, final, [Payment(*row) for row in rows])


def by_month(payments: Iterable[Payment]) -> list[MonthIncome]:
    """Months with a payment, ascending."""
    months: dict[tuple[int, int], MonthIncome] = {}
    for one in payments:
        key = (one.paid_on.year, one.paid_on.month)
        month = months.setdefault(key, MonthIncome(*key))
        if one.kind == "dividend":
            month.dividends += one.amount
        else:
            month.interest += one.amount
        month.taxes += one.taxes
        month.fees += one.fees
    return [months[key] for key in sorted(months)]
