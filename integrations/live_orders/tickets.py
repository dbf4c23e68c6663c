"""What an investor asks of a broker, and what the broker's adapter takes. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from accounts.errors import Problem
from trading.brokers import Capabilities, OrderKind
from trading.placing.ticket_numbers import number_problems
from trading.states import OrderType, Side, TimeInForce

# The prices that belong to a type; a trailing stop has one of its two.
PRICES: Final[dict[OrderType, frozenset[str]]] = {
    OrderType.MARKET: frozenset(),
    OrderType.LIMIT: frozenset({"limit_price"}),
    OrderType.STOP: frozenset({"stop_price"}),
    OrderType.STOP_LIMIT: frozenset({"stop_price", "limit_price"}),
    OrderType.TRAILING_STOP: frozenset({"trail_amount", "trail_pct"}),
}
NAMES: Final = ("limit_price", "stop_price", "trail_amount", "trail_pct")
QUANTITY_PLACES, PRICE_PLACES = 10, 8
TRAIL_PCT_MAXIMUM: Final = 99


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveTicket:
    """Units, or an amount of the instrument's currency; prices in that currency.

    No kin of the tickets of the paper market: nothing there takes this, and nothing here that.
    """

    symbol: str  # ``AAPL``, or with its exchange ``XNAS:AAPL``
    side: Side
    type: OrderType
    time_in_force: TimeInForce
    client_order_id: str
    quantity: Decimal | None = None
    notional: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail_amount: Decimal | None = None
    trail_pct: Decimal | None = None  # per cent

    def price(self, name: str) -> Decimal | None:
        found: Decimal | None = getattr(self, name)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    quantity: int
    price: int
    client_order_id_characters: int


def find_problems(
    ticket: LiveTicket, can: Capabilities, *, title: str, bounds: Bounds
) -> list[Problem]:
    """What is wrong with the ticket by itself, and what the broker does not take.

    Args:
        title: the broker's, for the words.
    """
    problems = [*_size_problems(ticket, bounds), *_price_problems(ticket, bounds)]
    problems += _id_problems(ticket, bounds)
    kind = can.orders.get(ticket.type.value)
    if kind is None:
        message = f"{title} takes no {ticket.type.value} orders, but {', '.join(can.orders)}."
        return [*problems, Problem("type", "not_supported", message)]
    return [*problems, *_kind_problems(ticket, kind, title)]


def _kind_problems(ticket: LiveTicket, kind: OrderKind, title: str) -> Iterator[Problem]:
    words = f"{title} takes {ticket.type.value} orders"
    if ticket.time_in_force.value not in kind.times_in_force:
        message = f"{words} that are {', '.join(sorted(kind.times_in_force))}."
        yield Problem("time_in_force", "not_supported", message)
    if ticket.notional is not None and not kind.takes_notional:
        yield Problem("notional", "not_supported", f"{words} by quantity alone.")
    if not (kind.takes_fractions or is_whole(ticket.quantity)):
        yield Problem("quantity", "not_supported", f"{words} for whole units alone.")


def is_whole(number: Decimal | None) -> bool:
    """Also where there is none to judge, or one that is refused anyhow."""
    if number is None or not number.is_finite():
        return True
    # Looked at, and not computed with: it may have any number of digits.
    return int(number.normalize().as_tuple().exponent) >= 0


def _size_problems(ticket: LiveTicket, bounds: Bounds) -> Iterator[Problem]:
    if ticket.quantity is None and ticket.notional is None:
        yield Problem("quantity", "missing", "Give a quantity or a notional amount.")
    if ticket.quantity is not None and ticket.notional is not None:
        yield Problem("notional", "superfluous", "Give a quantity or a notional, not both.")
    yield from _problems_of("quantity", ticket.quantity, bounds.quantity, QUANTITY_PLACES)
    most = bounds.quantity * bounds.price
    yield from _problems_of("notional", ticket.notional, most, QUANTITY_PLACES)


def _price_problems(ticket: LiveTicket, bounds: Bounds) -> Iterator[Problem]:
    wanted = PRICES[ticket.type]
    for name in NAMES:
        price = ticket.price(name)
        if price is not None and name not in wanted:
            message = f"A {ticket.type.value} order has no {name}."
            yield Problem(name, "superfluous", message)
        elif price is None and name in wanted and ticket.type is not OrderType.TRAILING_STOP:
            yield Problem(name, "missing", f"A {ticket.type.value} order needs a {name}.")
        most = TRAIL_PCT_MAXIMUM if name == "trail_pct" else bounds.price
        yield from _problems_of(name, price, most, PRICE_PLACES)
    is_trailing = ticket.type is OrderType.TRAILING_STOP
    if is_trailing and (ticket.trail_amount is None) == (ticket.trail_pct is None):
        message = "A trailing stop needs a trail_amount or a trail_pct, one of them."
        yield Problem("trail_amount", "missing", message)


def _problems_of(name: str, number: Decimal | None, maximum: int, places: int) -> Iterator[Problem]:
    problems = list(number_problems(name, number, maximum))
    yield from problems
    if number is None or problems:
        return
    exponent = number.normalize().as_tuple().exponent
    if isinstance(exponent, int) and exponent < -places:
        yield Problem(name, "too_precise", f"{name} may have {places} decimal places.")


def _id_problems(ticket: LiveTicket, bounds: Bounds) -> Iterator[Problem]:
    most = bounds.client_order_id_characters
    text = ticket.client_order_id
    if not 0 < len(text) <= most or not text.isprintable():
        message = f"client_order_id must be 1 to {most} characters that can be printed."
        yield Problem("client_order_id", "invalid", message)
