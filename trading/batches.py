"""What passes between reading commands, matching them, and writing what came of it. Pure.

Inside the books prices are whole ten-thousandths and quantities whole millionths, which hold every
tick and lot that an instrument may have.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from trading.matching import Outcome
from trading.order_book import BookOrder
from trading.states import CommandKind, Event, OrderType, Side, TimeInForce

PRICE_STEPS: Final = 10_000  # per unit of currency
QUANTITY_STEPS: Final = 1_000_000  # per unit


@dataclass(frozen=True, slots=True)
class Listing:
    """How an instrument trades: where, in which steps."""

    mic: str
    timezone: str  # IANA name of its exchange's
    tick_size: Decimal
    lot_size: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkingOrder:
    """What the matcher must know of an order beside its place in the book."""

    id: UUID
    portfolio_id: UUID
    owner_id: UUID
    instrument_id: int
    currency: str
    listing: Listing
    side: Side
    type: OrderType
    time_in_force: TimeInForce
    quantity: Decimal
    filled_quantity: Decimal  # when it was read
    worst_price: Decimal
    schedule: str
    expires_at: datetime | None

    def for_book(self) -> BookOrder:
        return BookOrder(
            id=self.id,
            owner=self.owner_id,
            is_buy=self.side is Side.BUY,
            limit=int(self.worst_price * PRICE_STEPS),
            remaining=int((self.quantity - self.filled_quantity) * QUANTITY_STEPS),
            is_market=self.type is OrderType.MARKET,
            may_rest=self.time_in_force in {TimeInForce.DAY, TimeInForce.GTC},
            is_all_or_nothing=self.time_in_force is TimeInForce.FOK,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command as drained; ``is_finished`` says that its order had ended by then."""

    id: int
    kind: CommandKind
    order: WorkingOrder
    actor_id: UUID | None
    is_placed: bool  # its order has been through the book before
    is_finished: bool


@dataclass(frozen=True, slots=True)
class Matched:
    """An order was brought to the book, or met new liquidity there."""

    outcome: Outcome
    quote_at: datetime | None  # of the street's quote it could meet
    command: Command | None = None  # the one that placed it, where this is its first match
    sequence: int | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """An order was taken out: cancelled or expired."""

    order_id: UUID
    event: Event
    command: Command
    sequence: int


@dataclass(slots=True)
class Batch:
    """What is to be written, all of it or nothing."""

    orders: dict[UUID, WorkingOrder] = field(default_factory=dict)  # all that were touched
    sequences: list[tuple[int, int]] = field(default_factory=list)  # command id, sequence
    steps: list[Matched | Ended] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not (self.sequences or self.steps)
