"""Lots, closures and positions derived anew, to compare with what is stored or to replace it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from portfolio.bookkeeping.balances import lock_balances
from portfolio.bookkeeping.bulk import fetch_rows
from portfolio.bookkeeping.lot_keeping import derive_holdings, rebuild_pairs
from portfolio.bookkeeping.lot_writing import (
    CLOSURE_COLUMNS,
    LOT_COLUMNS,
    MOVE_COLUMNS,
    closure_rows,
    lot_row,
    move_row,
    position_row,
)
from portfolio.corporate_actions.unit_events import Pair
from portfolio.models import LedgerBalance, Portfolio

POSITION_COLUMNS: Final = (
    *("portfolio_id", "instrument_id", "quantity", "cost", "realised_gain", "currency"),
    *("latest_trade_at", "latest_entry_id", "needs_history"),
)
STORED: Final = {
    "lot": f"SELECT {', '.join(LOT_COLUMNS)} FROM portfolio_lot WHERE portfolio_id = %s",
    "closure": (
        f"SELECT {', '.join('c.' + column for column in CLOSURE_COLUMNS)}"
        " FROM portfolio_lotclosure AS c JOIN portfolio_lot AS l ON l.id = c.lot_id"
        " WHERE l.portfolio_id = %s"
    ),
    "move": f"SELECT {', '.join(MOVE_COLUMNS)} FROM portfolio_unitmove WHERE portfolio_id = %s",
    "position": (
        f"SELECT {', '.join(POSITION_COLUMNS)} FROM portfolio_position WHERE portfolio_id = %s"
    ),
}
TRADED_PAIRS: Final = """
SELECT DISTINCT portfolio_id, instrument_id FROM portfolio_journalentry
WHERE portfolio_id = %(portfolio)s AND instrument_id IS NOT NULL AND kind IN
    ('buy', 'sell', 'split', 'spin_off', 'transfer_in', 'transfer_out', 'adjustment')
UNION SELECT portfolio_id, source_instrument_id FROM portfolio_journalentry
WHERE portfolio_id = %(portfolio)s AND source_instrument_id IS NOT NULL
"""
STORED_PAIRS: Final = """
SELECT portfolio_id, instrument_id FROM portfolio_position WHERE portfolio_id = %(portfolio)s
UNION SELECT portfolio_id, instrument_id FROM portfolio_lot WHERE portfolio_id = %(portfolio)s
"""


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that is stored but not derived (``is_stored``), or the other way round."""

    table: str
    is_stored: bool
    row: tuple[Any, ...]


@transaction.atomic
def find_differences(portfolio_id: UUID) -> list[Difference]:
    """Where the stored rows are not, in every column, what the entries amount to."""
    keep_entries_out(portfolio_id)
    holdings = derive_holdings(pairs_of(TRADED_PAIRS, {"portfolio": portfolio_id}))
    derived = {
        "lot": {lot_row(pair, lot) for pair, held in holdings.items() for lot in held.lots},
        "closure": set(closure_rows(holdings.values())),
        "move": {move_row(pair, one) for pair, held in holdings.items() for one in held.moves},
        "position": {position_row(pair, held) for pair, held in holdings.items()},
    }
    return [
        difference
        for table, query in STORED.items()
        for difference in compare(table, set(fetch_rows(query, [portfolio_id])), derived[table])
    ]


@transaction.atomic
def rebuild_portfolio(portfolio_id: UUID) -> int:
    """Replace the stored rows by what the entries amount to; return how many pairs there are.

    Raises:
        InsufficientUnits: the entries sell more than was held.
    """
    pairs = lock_pairs(portfolio_id)
    rebuild_pairs(pairs)
    return len(pairs)


def keep_entries_out(portfolio_id: UUID) -> None:
    """Have new entries of the portfolio wait at their commit, also those of a first trade.

    An entry's foreign key locks its portfolio then. Whoever holds this lock must ask for no
    other, because those that wait hold balances.
    """
    Portfolio.objects.select_for_update().get(id=portfolio_id)


def lock_pairs(portfolio_id: UUID) -> set[Pair]:
    """Everything traded or stored, with new trades of it waiting.

    A first trade makes a balance that was not there to be locked, and the next trade of the pair
    may be under way when the pair is read; so one locks until nothing new is found. Newer
    balances have larger ids, which keeps the order of locks.
    """
    while True:
        locked = lock_units(portfolio_id)
        pairs = {
            *pairs_of(TRADED_PAIRS, {"portfolio": portfolio_id}),
            *pairs_of(STORED_PAIRS, {"portfolio": portfolio_id}),
        }
        if unit_balances(portfolio_id) <= locked:
            return pairs


def lock_units(portfolio_id: UUID) -> set[int]:
    """Have new trades of what the portfolio has traded wait; return the balances locked."""
    there = unit_balances(portfolio_id)
    lock_balances(there)
    return there


def unit_balances(portfolio_id: UUID) -> set[int]:
    units = LedgerBalance.objects.filter(portfolio_id=portfolio_id, instrument__isnull=False)
    return set(units.values_list("id", flat=True))


def pairs_of(query: str, parameters: Any) -> list[Pair]:
    return [(row[0], row[1]) for row in fetch_rows(query, parameters)]


def compare(
    table: str, stored: set[tuple[Any, ...]], derived: set[tuple[Any, ...]]
) -> Iterator[Difference]:
    for row in sorted(stored - derived, key=str):
        yield Difference(table, is_stored=True, row=row)
    for row in sorted(derived - stored, key=str):
        yield Difference(table, is_stored=False, row=row)
