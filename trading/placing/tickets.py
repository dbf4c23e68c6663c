"""What an investor asks for, and the facts it is judged by. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from market.values import QuoteValue
from trading.commissions import Schedule
from trading.states import OrderClass, OrderType, Side, TimeInForce


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderTicket:
    """What an investor asks for. Exactly one of ``quantity`` (units) and ``notional`` is given.

    ``notional`` is an amount of the instrument's currency; it becomes a quantity when the order
    is placed, at the reference price, rounded down to whole lots.
    """

    instrument_id: int
    side: Side
    type: OrderType
    time_in_force: TimeInForce
    quantity: Decimal | None = None
    notional: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail_amount: Decimal | None = None  # of a trailing stop: this, > 0,
    trail_pct: Decimal | None = None  # or this, per cent of the best price since
    extended_hours: bool = False
    client_order_id: str | None = None
    # The exits of an entry. An OCO is a take-profit itself, at its limit, and has a stop-loss.
    order_class: OrderClass = OrderClass.SIMPLE
    take_profit: Decimal | None = None  # the limit it sells at
    stop_loss: Decimal | None = None  # the stop price it sells from
    stop_loss_limit: Decimal | None = None  # and the limit from there; None sells at the market

    @property
    def exit_count(self) -> int:
        """How many further orders it makes."""
        return sum(price is not None for price in (self.take_profit, self.stop_loss))


def leading_prices(
    order_class: OrderClass, *, limit: Decimal | None, profit: Decimal | None
) -> tuple[Decimal | None, Decimal | None]:
    """The limit of an order and that of its take-profit, which of an OCO are one and the same."""
    if order_class is OrderClass.OCO and limit in {None, profit}:
        return (profit if limit is None else limit), None
    return limit, profit


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How an instrument trades. Prices are multiples of the tick, quantities of the lot."""

    symbol: str
    currency: str
    tick_size: Decimal
    lot_size: Decimal
    is_active: bool
    is_open: bool  # its exchange trades now
    is_halted: bool = False  # staff lets nobody trade it at the moment
    opens_at: datetime | None = None  # of the session that is on, else of the next one
    closes_at: datetime | None = None  # of the same session
    has_auctions: bool = True  # its sessions open and close with one


@dataclass(frozen=True, slots=True)
class Resting:
    """An order in the book, by its limit."""

    price: Decimal
    order_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What the portfolio may use, and which orders its owner has working."""

    may_trade: bool  # a paper portfolio that is not archived
    is_resetting: bool = False  # its orders are ending, so that it can begin anew
    buying_power: Decimal  # in the instrument's currency
    available_units: Decimal
    open_orders: int
    tier: str  # of the owner
    # The owner's best that rest in the instrument, in any of his portfolios.
    own_sale: Resting | None = None
    own_buy: Resting | None = None

    def opposite(self, side: Side) -> Resting | None:
        """What an order of that side would meet first of the owner's."""
        return self.own_sale if side is Side.BUY else self.own_buy


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    quantity_maximum: int
    price_maximum: int
    collar_bps: int
    price_band_factor: int
    quote_fresh_seconds: int
    client_order_id_characters: int
    opening_cutoff_seconds: int = 120
    closing_cutoff_seconds: int = 600
    schedule: Schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """The instrument's newest quote as seen at ``now``."""

    quote: QuoteValue | None
    now: datetime

    def reference(self, side: Side, *, fresh_seconds: int) -> Decimal | None:
        """The price on the other side of the market; ``None`` when no fresh quote shows one."""
        if self.quote is None or self.quote.is_stale(self.now, fresh_seconds):
            return None
        return self.quote.ask if side is Side.BUY else self.quote.bid

    def latest(self, side: Side) -> Decimal | None:
        """A price to compare with, however old."""
        if self.quote is None:
            return None
        price = self.quote.ask if side is Side.BUY else self.quote.bid
        return price or self.quote.last
