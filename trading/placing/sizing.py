"""What an order amounts to: its quantity, its worst price, and what to reserve for it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_UP, Decimal
from typing import Final

from trading.commissions import commission_on
from trading.placing.tickets import Market, OrderTicket, Rules, Terms
from trading.states import OrderType, Side

BASIS_POINT: Final = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Sizing:
    """What the order amounts to; ``None`` where the ticket does not say enough.

    ``worst_price`` is the limit, or for a market order the reference moved by the collar; for a
    stop without a limit, its stop price moved by the collar.
    ``reserve`` is cash for a buy, charges included, and units for a sale.
    """

    reference_price: Decimal | None
    quantity: Decimal | None
    worst_price: Decimal | None
    cost: Decimal | None  # at the price expected, without charges
    fees: Decimal | None
    reserve: Decimal | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What is recorded and reserved for an order that nothing stands against."""

    quantity: Decimal
    worst_price: Decimal
    reserve: Decimal


def plan(ticket: OrderTicket, *, terms: Terms, market: Market, rules: Rules) -> Plan:
    """Settle the numbers of a ticket that ``find_problems`` let pass.

    Raises:
        ValueError: it would not have passed.
    """
    return plan_of(size_up(ticket, terms=terms, market=market, rules=rules))


def plan_of(sizing: Sizing) -> Plan:
    """See ``plan``."""
    if sizing.quantity is None or sizing.worst_price is None or sizing.reserve is None:
        raise ValueError("the ticket has problems, see find_problems")
    return Plan(sizing.quantity, sizing.worst_price, sizing.reserve)


def size_up(ticket: OrderTicket, *, terms: Terms, market: Market, rules: Rules) -> Sizing:
    """Work out quantity, worst price and what to reserve; only for numbers within bounds."""
    reference = reference_of(ticket, market, rules)
    limit = usable(ticket.limit_price, rules.price_maximum)
    stop = None
    if ticket.type.has_limit:
        expected = worst = limit
        if ticket.type is OrderType.LIMIT and limit is not None and reference is not None:
            expected = min(limit, reference) if ticket.side is Side.BUY else max(limit, reference)
    elif ticket.type.waits_for_stop:
        expected = stop = first_stop(ticket, market, rules)
        worst = None if stop is None else collared(stop, ticket.side, terms, rules)
    else:
        expected = reference
        worst = None if reference is None else collared(reference, ticket.side, terms, rules)
    quantity = _quantity(ticket, price=limit or stop or reference, terms=terms, rules=rules)
    if quantity is None or not quantity or expected is None or worst is None:
        return Sizing(reference, quantity, worst, None, None, None)
    cost = expected * quantity
    reserve = quantity
    if ticket.side is Side.BUY:
        reserve = worst * quantity + commission_on(rules.schedule, worst * quantity, quantity)
    fees = commission_on(rules.schedule, cost, quantity)
    return Sizing(reference, quantity, worst, cost, fees, reserve)


def reference_of(ticket: OrderTicket, market: Market, rules: Rules) -> Decimal | None:
    """The price that a market order is expected at; before an auction any latest one serves."""
    fresh = market.reference(ticket.side, fresh_seconds=rules.quote_fresh_seconds)
    if fresh is None and ticket.time_in_force.is_auction:
        return market.latest(ticket.side)
    return fresh


def first_stop(ticket: OrderTicket, market: Market, rules: Rules) -> Decimal | None:
    """Where the stop of a stop order stands at first; ``None`` where that cannot be said.

    A trailing stop follows the matcher's prices from the newest one on, which this only expects.
    """
    if ticket.type is not OrderType.TRAILING_STOP:
        return usable(ticket.stop_price, rules.price_maximum)
    latest = market.latest(ticket.side)
    amount = usable(ticket.trail_amount, rules.price_maximum)
    if amount is None and latest is not None:
        share = usable(ticket.trail_pct, 100)
        amount = None if share is None else latest * share / 100
    if latest is None or amount is None:
        return None
    stop = latest + amount if ticket.side is Side.BUY else latest - amount
    return stop if stop > 0 else None


def collared(reference: Decimal, side: Side, terms: Terms, rules: Rules) -> Decimal:
    """The worst price a market order may pay or take, on a tick, beyond the reference."""
    return collar_price(reference, side, tick_size=terms.tick_size, bps=rules.collar_bps)


def collar_price(reference: Decimal, side: Side, *, tick_size: Decimal, bps: int) -> Decimal:
    """See ``collared``."""
    move = bps * BASIS_POINT
    if side is Side.BUY:
        return on_grid(reference * (1 + move), tick_size, ROUND_UP)
    return max(on_grid(reference * (1 - move), tick_size, ROUND_DOWN), tick_size)


def _quantity(
    ticket: OrderTicket, *, price: Decimal | None, terms: Terms, rules: Rules
) -> Decimal | None:
    if ticket.quantity is not None:
        return usable(ticket.quantity, rules.quantity_maximum)
    notional = usable(ticket.notional, rules.quantity_maximum * rules.price_maximum)
    if notional is None or not price:
        return None
    return on_grid(notional / price, terms.lot_size, ROUND_DOWN)


def usable(number: Decimal | None, maximum: int) -> Decimal | None:
    """The number where it can be computed with: > 0 and within bounds."""
    if number is None or not number.is_finite() or not 0 < number <= maximum:
        return None
    return number


def on_grid(number: Decimal, step: Decimal, rounding: str) -> Decimal:
    """The number as a multiple of the step, by one of the roundings of ``decimal``."""
    return (number / step).quantize(Decimal(1), rounding) * step
