"""What settles when: the days of a portfolio with what changes hands on each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from market.models import Instrument
from portfolio.bookkeeping.bulk import fetch_rows
from portfolio.models import Portfolio
from trading.models import Settlement

WAITING_DAYS: Final = 30  # those that are due soonest
SETTLED_DAYS: Final = 30  # the latest

# Money of a purchase leaves with its charges, that of a sale arrives less them.
DAYS: Final = """
SELECT settlement.due_date, settlement.settled_at IS NOT NULL AS is_settled, entry.currency,
    count(*),
    coalesce(sum(entry.amount - entry.fees - entry.taxes) FILTER (WHERE fill.side = 'sell'), 0),
    coalesce(sum(entry.amount + entry.fees + entry.taxes) FILTER (WHERE fill.side = 'buy'), 0)
FROM trading_settlement AS settlement
JOIN trading_fill AS fill ON fill.id = settlement.fill_id
JOIN portfolio_journalentry AS entry ON entry.id = fill.entry_id
WHERE settlement.portfolio_id = %(portfolio)s
    AND settlement.due_date IN (
        (SELECT DISTINCT due_date FROM trading_settlement
         WHERE portfolio_id = %(portfolio)s AND settled_at IS NULL
         ORDER BY due_date LIMIT %(waiting)s)
        UNION
        (SELECT DISTINCT due_date FROM trading_settlement
         WHERE portfolio_id = %(portfolio)s AND settled_at IS NOT NULL
         ORDER BY due_date DESC LIMIT %(settled)s)
    )
GROUP BY 1, 2, 3 ORDER BY 1 DESC, 2, 3
"""


@dataclass(frozen=True, slots=True)
class SettlementDay:
    """Trades due on a day, in one currency; amounts are >= 0."""

    due_date: date
    is_settled: bool
    currency: str
    trades: int
    receives: Decimal
    pays: Decimal

    @property
    def net(self) -> Decimal:
        """What cash changes by: > 0 comes in."""
        return self.receives - self.pays


@dataclass(frozen=True, slots=True)
class SettlementRow:
    """One fill of a day. ``cash`` > 0 comes in, < 0 goes out, charges included."""

    order_id: UUID
    instrument: Instrument
    side: str
    quantity: Decimal
    price: Decimal
    cash: Decimal
    currency: str
    trade_date: date
    settled_at: datetime | None


def settlement_days(portfolio: Portfolio) -> list[SettlementDay]:
    """The days due soonest and those settled last, latest first. One query."""
    rows = fetch_rows(
        DAYS, {"portfolio": portfolio.id, "waiting": WAITING_DAYS, "settled": SETTLED_DAYS}
    )
    return [SettlementDay(*row) for row in rows]


def settlement_row(settlement: Settlement) -> SettlementRow:
    """Of a settlement read with its fill, the fill's instrument and entry."""
    fill, entry = settlement.fill, settlement.fill.entry
    charges = entry.fees + entry.taxes
    amount = entry.amount or Decimal(0)
    return SettlementRow(
        order_id=fill.order_id,
        instrument=fill.instrument,
        side=fill.side,
        quantity=fill.quantity,
        price=fill.price,
        cash=-amount - charges if fill.side == "buy" else amount - charges,
        currency=entry.currency,
        trade_date=fill.trade_date,
        settled_at=settlement.settled_at,
    )


def shown_day(days: Sequence[SettlementDay], wanted: str) -> date | None:
    """The day asked for, else the next that waits, else the latest; ``None`` without any."""
    try:
        return date.fromisoformat(wanted)
    except ValueError:
        waiting = [day.due_date for day in days if not day.is_settled]
        every = [day.due_date for day in days]
        return min(waiting) if waiting else max(every, default=None)
