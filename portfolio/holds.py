"""Reservations in two phases: placed by an order, consumed by its fills, the rest released once.

``available = settled + to_receive + to_deliver - held`` never falls below zero on the paper
market, so what is held is there when the fill comes. The lock of a balance guards its holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from accounts.identifiers import new_id
from portfolio.bookkeeping.amounts import ZERO, ten_places
from portfolio.bookkeeping.balances import BalanceChange
from portfolio.bookkeeping.bulk import array, columns_of, execute, fetch_rows, send
from portfolio.errors import HoldReleased, InsufficientFunds, InsufficientUnits, UnknownHold
from portfolio.models import LedgerBalance

# One statement: the balance is locked, checked, changed, and the hold recorded, or nothing.
PLACE: Final = """
WITH reserved AS (
    UPDATE portfolio_ledgerbalance SET held = held + %(amount)s, version = version + 1
    WHERE id = %(balance)s
        AND (may_go_negative OR settled + to_receive + to_deliver - held >= %(amount)s)
    RETURNING id
)
INSERT INTO portfolio_hold (id, balance_id, reference, amount, remaining, placed_at)
SELECT %(id)s, id, %(reference)s, %(whole)s, %(amount)s, %(placed_at)s FROM reserved
RETURNING id
"""
READ: Final = """
SELECT reference, balance_id, remaining, released_at IS NOT NULL FROM portfolio_hold
WHERE reference = ANY(%s::uuid[])
"""
CONSUME: Final = """
UPDATE portfolio_hold AS h SET remaining = h.remaining - c.used,
    amount = greatest(h.amount, h.remaining - c.used),
    released_at = CASE WHEN c.is_released THEN %s ELSE h.released_at END
FROM unnest(%s::uuid[], %s::numeric[], %s::bool[]) AS c (reference, used, is_released)
WHERE h.reference = c.reference
"""


@dataclass(frozen=True, slots=True)
class HoldChange:
    """What a batch does to one hold.

    ``consumed`` is what fills used of it. A fill that costs more than the hold has left takes
    the difference from what is available, or is refused as a whole. ``release_rest`` gives
    back what then remains; releasing a hold again does nothing.

    ``refilled_to`` sets what the hold has left before anything is consumed, where an order takes
    over from another: released there and refilled here in one batch, nothing is uncovered or held
    twice. ``added`` is reserved on top, from what came in with the same batch.
    """

    reference: UUID
    consumed: Decimal = ZERO
    release_rest: bool = False
    refilled_to: Decimal | None = None
    added: Decimal = ZERO

    @property
    def changes_something(self) -> bool:
        is_refilled = self.refilled_to is not None
        return is_refilled or self.release_rest or bool(self.consumed or self.added)


@dataclass(frozen=True, slots=True)
class OpenHold:
    balance_id: int
    remaining: Decimal
    is_released: bool


OpenHolds = dict[UUID, OpenHold]  # by reference


def place_hold(
    *,
    balance_id: int,
    reference: UUID,
    amount: Decimal,
    placed_at: datetime,
    held_elsewhere: Decimal = ZERO,
) -> UUID:
    """Reserve money or units for an order and return the hold's id. One statement.

    Args:
        reference: the order's id; one hold per reference.
        amount: > 0, in the balance's currency or units.
        held_elsewhere: so much of it another hold has, and gives up when this one is refilled;
            only the rest is reserved now.

    Raises:
        InsufficientFunds: less money is available.
        InsufficientUnits: fewer units are available.
    """
    hold_id = new_id()
    amount = ten_places(amount)
    now = amount - ten_places(held_elsewhere)
    facts = {"id": hold_id, "balance": balance_id, "reference": reference, "amount": now}
    facts["whole"] = amount
    if fetch_rows(PLACE, facts | {"placed_at": placed_at}):
        return hold_id
    raise shortage(LedgerBalance.objects.get(id=balance_id), needed=now)


def shortage(balance: LedgerBalance, *, needed: Decimal) -> InsufficientFunds | InsufficientUnits:
    """The failure that says what is missing of a balance."""
    failure = InsufficientFunds if balance.currency else InsufficientUnits
    return failure(
        portfolio_id=balance.portfolio_id,
        needed=needed,
        available=balance.available,
        currency=balance.currency,
        instrument_id=balance.instrument_id,
    )


def begin_reading(changes: Iterable[HoldChange]) -> Callable[[], OpenHolds]:
    """Send what reads the holds; before that the caller has locked their balances."""
    references = list({change.reference: None for change in changes})
    if not references:
        return dict
    answer = send(READ, [array(references)])
    return lambda: {row[0]: OpenHold(*row[1:]) for row in answer.rows()}


def change_holds(
    changes: Iterable[HoldChange],
    open_holds: OpenHolds,
    balance_changes: dict[int, BalanceChange],
    *,
    changed_at: datetime,
) -> None:
    """Write the holds and add what they give back to ``balance_changes``.

    The caller has locked the balances before it read the holds, and changes them afterwards.

    Raises:
        UnknownHold: no hold has that reference.
        HoldReleased: something was to be consumed of a hold released before.
    """
    wanted = _joined(changes)
    used: dict[UUID, tuple[Decimal, bool]] = {}
    for reference, change in wanted.items():
        if reference not in open_holds:
            raise UnknownHold(reference=reference)
        hold = open_holds[reference]
        if hold.is_released:
            if change.consumed:
                raise HoldReleased(reference=reference)
            continue
        has = hold.remaining if change.refilled_to is None else ten_places(change.refilled_to)
        has += change.added
        left = ZERO if change.release_rest else max(has - change.consumed, ZERO)
        freed = hold.remaining - left  # below zero where it was refilled
        used[reference] = (freed, change.release_rest)
        balance_changes.setdefault(hold.balance_id, BalanceChange()).held -= freed
    _write(used, changed_at=changed_at)


def _joined(changes: Iterable[HoldChange]) -> dict[UUID, HoldChange]:
    """One change per hold, in the order of first mention."""
    joined: dict[UUID, HoldChange] = {}
    for change in changes:
        earlier = joined.get(change.reference, HoldChange(change.reference))
        joined[change.reference] = HoldChange(
            change.reference,
            earlier.consumed + change.consumed,
            earlier.release_rest or change.release_rest,
            earlier.refilled_to if change.refilled_to is None else change.refilled_to,
            earlier.added + change.added,
        )
    return joined


def _write(used: Mapping[UUID, tuple[Decimal, bool]], *, changed_at: datetime) -> None:
    if not used:
        return
    rows = [(reference, freed, released) for reference, (freed, released) in used.items()]
    execute(CONSUME, [changed_at, *columns_of(rows, width=3)])
