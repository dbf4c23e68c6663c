"""Balances and ledger accounts by what they are of: found, made, locked, changed in sets.

Lock order: balances ascending by id, ``FOR NO KEY UPDATE``, after instrument and orders. A
balance's lock also guards its holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from uuid import UUID

from portfolio.bookkeeping.amounts import ZERO
from portfolio.bookkeeping.bulk import array, columns_of, execute, send
from portfolio.bookkeeping.entries import AccountKey, BalanceKey
from portfolio.bookkeeping.known_ids import KnownIds
from portfolio.bookkeeping.spendable import Spendable
from portfolio.errors import InsufficientFunds, InsufficientUnits

# Two branches, so that each finds its row through the unique index.
FIND_BALANCES: Final = """
WITH wanted AS (
    SELECT * FROM unnest(%s::uuid[], %s::text[], %s::int[])
        AS w (portfolio_id, currency, instrument_id)
)
SELECT b.portfolio_id, b.currency, b.instrument_id, b.id
FROM wanted AS w JOIN portfolio_ledgerbalance AS b
    ON b.portfolio_id = w.portfolio_id AND b.currency = w.currency AND b.instrument_id IS NULL
WHERE w.instrument_id IS NULL
UNION ALL
SELECT b.portfolio_id, b.currency, b.instrument_id, b.id
FROM wanted AS w JOIN portfolio_ledgerbalance AS b
    ON b.portfolio_id = w.portfolio_id AND b.currency = '' AND b.instrument_id = w.instrument_id
WHERE w.instrument_id IS NOT NULL
"""
MAKE_BALANCES: Final = """
INSERT INTO portfolio_ledgerbalance (portfolio_id, currency, instrument_id, settled, to_receive,
    to_deliver, held, may_go_negative, version)
SELECT w.portfolio_id, w.currency, w.instrument_id, 0, 0, 0, 0, p.kind = 'tracked', 0
FROM unnest(%s::uuid[], %s::text[], %s::int[]) AS w (portfolio_id, currency, instrument_id)
JOIN portfolio_portfolio AS p ON p.id = w.portfolio_id
ON CONFLICT DO NOTHING
"""
FIND_ACCOUNTS: Final = """
WITH wanted AS (
    SELECT * FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::int[])
        AS w (portfolio_id, kind, currency, instrument_id)
)
SELECT a.portfolio_id, a.kind, a.currency, a.instrument_id, a.id
FROM wanted AS w JOIN portfolio_ledgeraccount AS a
    ON a.portfolio_id = w.portfolio_id AND a.kind = w.kind AND a.currency = w.currency
        AND a.instrument_id IS NULL
WHERE w.instrument_id IS NULL
UNION ALL
SELECT a.portfolio_id, a.kind, a.currency, a.instrument_id, a.id
FROM wanted AS w JOIN portfolio_ledgeraccount AS a
    ON a.portfolio_id = w.portfolio_id AND a.kind = w.kind AND a.currency = ''
        AND a.instrument_id = w.instrument_id
WHERE w.instrument_id IS NOT NULL
"""
MAKE_ACCOUNTS: Final = """
INSERT INTO portfolio_ledgeraccount (portfolio_id, kind, currency, instrument_id)
SELECT * FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::int[]) ON CONFLICT DO NOTHING
"""
# Which balance a hold reserves never changes.
LOCK: Final = """
SELECT id, portfolio_id, currency, instrument_id, settled, to_receive, to_deliver, held, accrued,
    may_go_negative
FROM portfolio_ledgerbalance
WHERE id = ANY(%s::bigint[]
    || ARRAY(SELECT balance_id FROM portfolio_hold WHERE reference = ANY(%s::uuid[])))
ORDER BY id FOR NO KEY UPDATE
"""
CHANGE: Final = """
UPDATE portfolio_ledgerbalance AS b SET settled = b.settled + c.settled,
    to_receive = b.to_receive + c.to_receive, to_deliver = b.to_deliver + c.to_deliver,
    held = b.held + c.held, accrued = b.accrued + c.accrued, version = b.version + 1
FROM unnest(%s::bigint[], %s::numeric[], %s::numeric[], %s::numeric[], %s::numeric[],
    %s::numeric[]) AS c (id, settled, to_receive, to_deliver, held, accrued)
WHERE b.id = c.id
"""


@dataclass(frozen=True, slots=True)
class LockedBalance(Spendable):
    """A balance as it is while this transaction holds its lock."""

    id: int
    key: BalanceKey
    settled: Decimal
    to_receive: Decimal
    to_deliver: Decimal
    held: Decimal
    accrued: Decimal
    may_go_negative: bool


@dataclass(slots=True)
class BalanceChange(Spendable):
    """What a batch adds to one balance; the fields are named as the columns they add to."""

    settled: Decimal = ZERO
    to_receive: Decimal = ZERO
    to_deliver: Decimal = ZERO
    held: Decimal = ZERO
    accrued: Decimal = ZERO


known_balances: Final[KnownIds[BalanceKey]] = KnownIds()
known_accounts: Final[KnownIds[AccountKey]] = KnownIds()


def ensure_balances(keys: Iterable[BalanceKey]) -> dict[BalanceKey, int]:
    """Ids of the balances, made with nothing in them where they were missing."""
    return seek_balances(keys)()


def seek_balances(keys: Iterable[BalanceKey]) -> Callable[[], dict[BalanceKey, int]]:
    """Begin to look for balances; calling the answer makes those that are missing."""
    return known_balances.seek(keys, look=look_for_balances, make=make_balances)


def seek_accounts(keys: Iterable[AccountKey]) -> Callable[[], dict[AccountKey, int]]:
    """Begin to look for ledger accounts; calling the answer makes those that are missing."""
    return known_accounts.seek(keys, look=look_for_accounts, make=make_accounts)


def make_balances(keys: Iterable[BalanceKey]) -> None:
    execute(MAKE_BALANCES, columns_of(keys, width=3))


def make_accounts(keys: Iterable[AccountKey]) -> None:
    execute(MAKE_ACCOUNTS, columns_of(keys, width=4))


def look_for_balances(keys: Iterable[BalanceKey]) -> Callable[[], dict[BalanceKey, int]]:
    answer = send(FIND_BALANCES, columns_of(keys, width=3))
    return lambda: {BalanceKey(*row[:3]): row[3] for row in answer.rows()}


def look_for_accounts(keys: Iterable[AccountKey]) -> Callable[[], dict[AccountKey, int]]:
    answer = send(FIND_ACCOUNTS, columns_of(keys, width=4))
    return lambda: {AccountKey(*row[:4]): row[4] for row in answer.rows()}


def lock_balances(ids: Iterable[int]) -> dict[int, LockedBalance]:
    """Lock the balances in id order until the transaction ends, and say what they are now."""
    return begin_lock(ids)()


def begin_lock(
    ids: Iterable[int], *, references: Iterable[UUID] = ()
) -> Callable[[], dict[int, LockedBalance]]:
    """Send what locks the balances, and those that the holds reserve; the answer says them."""
    answer = send(LOCK, [array(sorted(set(ids))), array(list(references))])
    return lambda: {
        row[0]: LockedBalance(row[0], BalanceKey(*row[1:4]), *row[4:]) for row in answer.rows()
    }


def change_balances(
    locked: Mapping[int, LockedBalance], changes: Mapping[int, BalanceChange]
) -> None:
    """Apply everything that a batch does to balances, in one statement.

    Raises:
        InsufficientFunds: a balance of money would have less than its holds.
        InsufficientUnits: the same of units.
    """
    if not changes:
        return
    for balance_id, change in changes.items():
        refuse_overdraft(locked[balance_id], change)
    rows = [
        (balance_id, one.settled, one.to_receive, one.to_deliver, one.held, one.accrued)
        for balance_id, one in changes.items()
    ]
    execute(CHANGE, columns_of(rows, width=6))


def refuse_overdraft(balance: LockedBalance, change: BalanceChange) -> None:
    """Raise what the balance's CHECK would refuse, with the facts; see ``change_balances``."""
    available_after = balance.available + change.available
    if available_after >= 0 or balance.may_go_negative:
        return
    failure = InsufficientFunds if balance.key.currency else InsufficientUnits
    raise failure(
        portfolio_id=balance.key.portfolio_id,
        needed=balance.available - available_after,
        available=balance.available,
        currency=balance.key.currency,
        instrument_id=balance.key.instrument_id,
    )
