"""What passes between reading commands, matching them, and writing what came of it. Pure.

Inside the books prices count ten-thousandths and quantities millionths: every tick and lot fits.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from trading.exchange.stops import Stop, Trail
from trading.matching import Outcome
from trading.order_book import BookOrder
from trading.shards.split_terms import SplitTerms
from trading.states import CommandKind, Event, OrderClass, OrderType, Side, TimeInForce

PRICE_STEPS: Final = 10_000  # per unit of currency
QUANTITY_STEPS: Final = 1_000_000  # per unit
PCT_PARTS: Final = 10_000  # millionths per per cent
AUCTION_GRACE: Final = timedelta(minutes=5)  # how long an auction may wait for a fresh price


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
    expires_at: datetime | None  # of an order for an auction, the moment of that
    extended_hours: bool = False
    stop_price: Decimal | None = None
    trail_amount: Decimal | None = None
    trail_pct: Decimal | None = None
    water_mark: Decimal | None = None
    is_triggered: bool = False
    priority: int | None = None  # None until it has been through the book
    replaces_id: UUID | None = None
    filled_before: Decimal = Decimal(0)  # by the order it replaces, of what was asked for in all
    order_class: OrderClass = OrderClass.SIMPLE
    parent_id: UUID | None = None  # of an exit: its entry, or the exit that leads an OCO
    is_dormant: bool = False  # an exit whose entry is not done
    is_queued: bool = False  # waits for its market to open
    is_suspended: bool = False  # was told of the halt of its instrument
    hold_reference: UUID | None = None  # the hold it shares; None: it has its own

    @property
    def hold_id(self) -> UUID:
        return self.hold_reference or self.id

    @property
    def shares_hold(self) -> bool:
        return self.hold_reference is not None

    @property
    def is_for_auction(self) -> bool:
        return self.time_in_force.is_auction

    @property
    def ends_at(self) -> datetime | None:
        """When it ends by itself."""
        if self.expires_at is None or not self.is_for_auction:
            return self.expires_at
        return self.expires_at + AUCTION_GRACE

    @property
    def may_lead(self) -> bool:
        """Whether exits may belong to it."""
        return self.order_class is not OrderClass.SIMPLE and self.parent_id is None

    @property
    def is_entry(self) -> bool:
        return self.order_class.has_entry and self.parent_id is None

    @property
    def is_trailing(self) -> bool:
        return self.type is OrderType.TRAILING_STOP

    @property
    def waits_for_stop(self) -> bool:
        """Once it is awake, that is."""
        return self.type.waits_for_stop and not self.is_triggered

    @property
    def trail(self) -> Trail | None:
        if not self.is_trailing:
            return None
        return Trail(
            amount=int((self.trail_amount or 0) * PRICE_STEPS),
            parts=int((self.trail_pct or 0) * PCT_PARTS),
        )

    @property
    def price_step(self) -> int:
        return int(self.listing.tick_size * PRICE_STEPS)

    def following(self, mark: int | None) -> WorkingOrder:
        """The order with its stop behind the best price that the one before it has heard."""
        trail = self.trail
        if mark is None or trail is None or self.is_triggered:
            return self
        stop = trail.stop_behind(mark, is_buy=self.side is Side.BUY, step=self.price_step)
        return replace(
            self,
            water_mark=Decimal(mark) / PRICE_STEPS,
            stop_price=Decimal(stop) / PRICE_STEPS,
        )

    def for_stops(self, *, arrival: int) -> Stop:
        return Stop(
            id=self.id,
            arrival=arrival,
            is_buy=self.side is Side.BUY,
            price=None if self.stop_price is None else int(self.stop_price * PRICE_STEPS),
            trail=self.trail,
            mark=None if self.water_mark is None else int(self.water_mark * PRICE_STEPS),
            step=self.price_step,
        )

    def for_book(self) -> BookOrder:
        return BookOrder(
            id=self.id,
            owner=self.owner_id,
            is_buy=self.side is Side.BUY,
            limit=int(self.worst_price * PRICE_STEPS),
            remaining=int((self.quantity - self.filled_quantity) * QUANTITY_STEPS),
            is_market=not self.type.has_limit,
            may_rest=self.time_in_force.may_rest or self.is_for_auction,
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
    is_old_finished: bool = False  # the order that it is to replace had ended
    split: SplitTerms | None = None  # that it is to be restated for


@dataclass(frozen=True, slots=True)
class Matched:
    """An order was brought to the book, or met new liquidity there."""

    outcome: Outcome
    quote_at: datetime | None  # of the street's quote it could meet
    command: Command | None = None  # the one that placed it, where this is its first match
    sequence: int | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """An order was taken out, cancelled or expired, or was denied and never came in."""

    order_id: UUID
    event: Event
    command: Command
    sequence: int


@dataclass(frozen=True, slots=True)
class Parked:
    """A stop order was taken in, and waits for its price; its place is old where it has none."""

    order_id: UUID
    sequence: int | None


@dataclass(frozen=True, slots=True)
class Triggered:
    """The market came to a stop; the order's turn counts from this sequence."""

    order: WorkingOrder  # with the worst price it has from now on
    sequence: int
    price: Decimal  # that triggered it


@dataclass(frozen=True, slots=True)
class Replaced:
    """An order took over from another, and is matched in a step of its own after this one."""

    old_id: UUID
    order: WorkingOrder  # with the quantity it takes over
    command: Command
    keeps_place: bool


@dataclass(frozen=True, slots=True)
class NotReplaced:
    """An order could not take over and ends; the old one, where it still works, goes on."""

    order_id: UUID
    old: WorkingOrder | None
    reason: str
    command: Command


@dataclass(frozen=True, slots=True)
class Halted:
    """The halt of its instrument reached a working order, or was lifted from it."""

    order: WorkingOrder  # as it is from now on


@dataclass(frozen=True, slots=True)
class Restated:
    """A split changed what an order is for."""

    order: WorkingOrder  # as it is from now on
    split: SplitTerms
    before: WorkingOrder  # with what it had filled by then, in units of then
    shared: Decimal | None  # what the hold is to have that its group shares; None: it has its own


@dataclass(frozen=True, slots=True)
class EndedWith:
    """An order ended because of another that it belongs to, or of what its group cannot be."""

    order_id: UUID
    event: Event
    reason: str


@dataclass(frozen=True, slots=True)
class Reduced:
    """An exit may sell less, because its partner has sold the rest."""

    order: WorkingOrder  # with what is left of its quantity


@dataclass(frozen=True, slots=True)
class Secured:
    """An entry has bought what its exits may sell."""

    hold_id: UUID  # theirs
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Woken:
    """An exit that slept takes its turn from this sequence on."""

    order: WorkingOrder  # with the quantity it is for
    sequence: int


@dataclass(frozen=True, slots=True)
class StopMove:
    """Where a trailing stop stands now."""

    stop_price: Decimal
    water_mark: Decimal


OfGroup = EndedWith | Reduced | Secured | Woken
OfReplacement = Replaced | NotReplaced
Step = Matched | Ended | Parked | Triggered | Halted | Restated | OfReplacement | OfGroup


@dataclass(slots=True)
class Batch:
    """What is to be written, all of it or nothing."""

    orders: dict[UUID, WorkingOrder] = field(default_factory=dict)  # all that were touched
    sequences: list[tuple[int, int]] = field(default_factory=list)  # command id, sequence
    steps: list[Step] = field(default_factory=list)
    moves: dict[UUID, StopMove] = field(default_factory=dict)  # of trailing stops, the last each

    @property
    def is_empty(self) -> bool:
        return not (self.sequences or self.steps or self.moves)
