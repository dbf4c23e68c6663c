"""What changes units or their cost, and the lots it opens. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID, uuid5

from portfolio.bookkeeping.amounts import EXACT, ZERO
from portfolio.bookkeeping.drafts import EntryKind
from portfolio.lots import (
    DUST,
    LotPick,
    OpenLot,
    units_of,
)


@dataclass(frozen=True, slots=True)
class ArrivingLot:
    """Units that come with a cost and a date of their own. ``lot_id`` is where they come from."""

    quantity: Decimal
    cost: Decimal
    local_cost: Decimal
    opened_at: datetime
    lot_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Trade:
    """Something that changes how many units there are, or what they cost.

    ``money`` is the cost of what comes in and the net proceeds of what is sold, charges counted
    in, in the portfolio's currency; ``local_money`` the same in the instrument's.
    """

    entry_id: UUID
    kind: EntryKind
    occurred_at: datetime
    quantity: Decimal  # units, > 0; of an adjustment also < 0; of a split not used
    money: Decimal
    currency: str
    local_money: Decimal | None = None  # None: the same as ``money``
    ratio_from: Decimal | None = None  # of a split
    ratio_to: Decimal | None = None
    cost_share: Decimal | None = None  # of the parent of a spin-off: the fraction that leaves
    picks: tuple[LotPick, ...] = ()  # of a sale: the lots it names
    arriving: tuple[ArrivingLot, ...] | None = None  # None: one lot, opened now at ``money``

    @property
    def order(self) -> tuple[datetime, UUID]:
        """Trades apply in this order; ids decide between equal times, so reruns agree.

        See also ``portfolio.positions.hold``, for sales of more than is held.
        """
        return (self.occurred_at, self.entry_id)

    @property
    def may_wait(self) -> bool:
        """Whether it takes units and no other portfolio's lots hang on when it does."""
        is_less = self.kind == EntryKind.ADJUSTMENT and self.quantity < 0
        return is_less or self.kind == EntryKind.SELL

    @property
    def is_delivery_out(self) -> bool:
        """Whether units leave without being sold."""
        is_less = self.kind == EntryKind.ADJUSTMENT and self.quantity < 0
        return is_less or self.kind == EntryKind.TRANSFER_OUT


@dataclass(frozen=True, slots=True)
class UnitMove:
    """Units that crossed the portfolio's border without being bought or sold.

    ``value`` is their worth where it is known from the entry itself; None where a price says it.
    ``missing_quantity`` of them are acquisitions that nobody recorded.
    """

    entry_id: UUID
    occurred_at: datetime
    quantity: Decimal  # > 0 came in, < 0 went out
    cost: Decimal  # with the sign of the quantity
    value: Decimal | None = None
    missing_quantity: Decimal = ZERO
    found_quantity: Decimal = ZERO  # held when the missing ones were needed


def opened_lots(trade: Trade, arriving: Sequence[ArrivingLot] | None) -> list[OpenLot]:
    """The lots that come in with a trade; what no arriving lot accounts for is missing."""
    local = trade.money if trade.local_money is None else trade.local_money
    if arriving is None:
        return [
            OpenLot.opened(
                lot_id=trade.entry_id,
                opened_at=trade.occurred_at,
                quantity=trade.quantity,
                cost=trade.money,
                currency=trade.currency,
                local_cost=local,
            )
        ]
    lots = [
        OpenLot.opened(
            lot_id=uuid5(trade.entry_id, str(one.lot_id or index)),
            opened_at=one.opened_at,
            quantity=one.quantity,
            cost=one.cost,
            currency=trade.currency,
            local_cost=one.local_cost,
            entry_id=trade.entry_id,
            acquired_at=trade.occurred_at,
        )
        for index, one in enumerate(arriving)
        if one.quantity
    ]
    rest = EXACT.subtract(trade.quantity, units_of(lots))
    if rest > DUST:
        missing = replace(trade, quantity=rest, money=ZERO, local_money=ZERO)
        lots += [replace(lot, is_missing=True) for lot in opened_lots(missing, None)]
    return lots
