"""What fills promised, exchanged on its due date: unsettled cash and units become settled."""

from __future__ import annotations

from collections.abc import Sequence
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

PROMISED: Final = """
SELECT settlement.id AS settlement_id, fill.id AS fill_id, fill.portfolio_id, fill.instrument_id,
    fill.side, entry.currency, entry.quantity, entry.amount, entry.fees, entry.taxes
FROM trading_settlement AS settlement
JOIN trading_fill AS fill ON fill.id = settlement.fill_id
JOIN portfolio_journalentry AS entry ON entry.id = fill.entry_id
"""
# Whoever comes second passes over what another is settling. A settlement is due when its date
# has begun at the exchange.
DUE: Final = f"""
{PROMISED}
JOIN market_instrument AS instrument ON instrument.id = fill.instrument_id
JOIN market_exchange AS exchange ON exchange.mic = instrument.exchange_id
WHERE settlement.settled_at IS NULL
    AND settlement.due_date <= (%s::timestamptz AT TIME ZONE exchange.timezone)::date
ORDER BY settlement.due_date, settlement.id LIMIT %s
FOR NO KEY UPDATE OF settlement SKIP LOCKED
"""
OF_PORTFOLIO: Final = f"""
{PROMISED}
WHERE settlement.settled_at IS NULL AND settlement.portfolio_id = %s
ORDER BY settlement.id FOR NO KEY UPDATE OF settlement
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
        rows = _rows(DUE, [as_of, batch_size])
        if rows:
            settle_rows(rows, as_of=as_of)
    return len(rows)


def lock_promises(portfolio_id: UUID) -> list[Any]:
    """What is not exchanged yet of a portfolio, due or not, until the transaction ends."""
    return _rows(OF_PORTFOLIO, [portfolio_id])


def settle_rows(rows: Sequence[Any], *, as_of: datetime) -> None:
    """Exchange what the rows promise, which the transaction has locked."""
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
    transaction.on_commit(lambda: broadcasts.ring(portfolio_ids))


def _rows(statement: str, parameters: list[Any]) -> list[Any]:
    connection.ensure_connection()
    with (
        connection.wrap_database_errors,
        connection.connection.cursor(row_factory=namedtuple_row) as cursor,
    ):
        return list(cursor.execute(statement, parameters).fetchall())


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
