"""What fills promised, exchanged on its due date: unsettled cash and units become settled."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction
from psycopg.rows import namedtuple_row

from accounts.identifiers import new_id
from market import calendar
from portfolio import ledger
from portfolio.bookkeeping.entries import EntryDraft, EntryKind
from trading import broadcasts

SETTLEMENTS_PER_BATCH: Final = 500

# Whoever comes second passes over what another is settling. A settlement is due when its date
# has begun at the exchange.
DUE: Final = """
SELECT settlement.id AS settlement_id, fill.id AS fill_id, fill.portfolio_id, fill.instrument_id,
    fill.side, entry.currency, entry.quantity, entry.amount, entry.fees, entry.taxes
FROM trading_settlement AS settlement
JOIN trading_fill AS fill ON fill.id = settlement.fill_id
JOIN portfolio_journalentry AS entry ON entry.id = fill.entry_id
JOIN market_instrument AS instrument ON instrument.id = fill.instrument_id
JOIN market_exchange AS exchange ON exchange.mic = instrument.exchange_id
WHERE settlement.settled_at IS NULL
    AND settlement.due_date <= (%s::timestamptz AT TIME ZONE exchange.timezone)::date
ORDER BY settlement.due_date, settlement.id LIMIT %s
FOR NO KEY UPDATE OF settlement SKIP LOCKED
"""
SETTLE: Final = """
UPDATE trading_settlement AS s SET settled_at = %s, entry_id = d.entry_id
FROM unnest(%s::uuid[], %s::uuid[]) AS d (id, entry_id)
WHERE s.id = d.id
"""


@dataclass(frozen=True, slots=True)
class TradeDates:
    trade_date: date  # at the exchange
    settlement_date: date


@lru_cache(maxsize=1024)
def trade_dates(trade_date: date, mic: str) -> TradeDates:
    """When a trade of that date settles, by the exchange's calendar.

    Raises:
        UnknownExchange: we know no such exchange.
    """
    return TradeDates(trade_date, calendar.settlement_date(trade_date, mic))


def settle_due(*, as_of: datetime, batch_size: int = SETTLEMENTS_PER_BATCH) -> int:
    """Settle everything due by then, once, however often and by however many this is called.

    Each batch is one transaction of its own.

    Returns:
        How many settlements this call did.
    """
    count = 0
    while done := _settle_batch(as_of=as_of, batch_size=batch_size):
        count += done
    return count


def _settle_batch(*, as_of: datetime, batch_size: int) -> int:
    with transaction.atomic():
        rows = _due(as_of=as_of, batch_size=batch_size)
        if not rows:
            return 0
        drafts = [_entry(row, as_of=as_of) for row in rows]
        posted = ledger.post_entries(drafts, recorded_at=as_of)
        with connection.cursor() as cursor:
            cursor.execute(
                SETTLE,
                [
                    as_of,
                    [row.settlement_id for row in rows],
                    [posted.entry_id(draft) for draft in drafts],
                ],
            )
        portfolio_ids: set[UUID] = {row.portfolio_id for row in rows}
        transaction.on_commit(lambda: broadcasts.cash_changed(portfolio_ids))
    return len(rows)


def _due(*, as_of: datetime, batch_size: int) -> list[Any]:
    with (
        connection.wrap_database_errors,
        connection.connection.cursor(row_factory=namedtuple_row) as cursor,
    ):
        return list(cursor.execute(DUE, [as_of, batch_size]).fetchall())


def _entry(row: Any, *, as_of: datetime) -> EntryDraft:
    return ledger.settlement_entry(
        entry_id=new_id(),
        portfolio_id=row.portfolio_id,
        kind=EntryKind(row.side),
        external_id=f"settlement:{row.fill_id}",
        occurred_at=as_of,
        currency=row.currency,
        instrument_id=row.instrument_id,
        quantity=row.quantity,
        amount=row.amount,
        fees=row.fees,
        taxes=row.taxes,
    )
