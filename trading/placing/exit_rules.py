"""What is wrong with the exits of an order. Pure, a part of ``trading.pretrade``."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from accounts.errors import Problem
from market.values import plain
from trading.placing.sizing import usable
from trading.placing.ticket_numbers import grid_problems, number_problems, short
from trading.placing.tickets import Market, OrderTicket, Rules, Terms
from trading.states import OrderClass, OrderType, Side, TimeInForce

# Where each price stands in a request.
FIELDS: Final = {
    "take_profit": "take_profit.limit_price",
    "stop_loss": "stop_loss.stop_price",
    "stop_loss_limit": "stop_loss.limit_price",
}
WAITING: Final = frozenset({TimeInForce.DAY, TimeInForce.GTC})


def ticket_problems(ticket: OrderTicket, rules: Rules) -> Iterator[Problem]:
    """What the ticket alone shows: missing and superfluous exits, and absurd prices."""
    yield from _presence_problems(ticket)
    if ticket.stop_loss_limit is not None and ticket.stop_loss is None:
        message = "A stop-loss with a limit needs a stop price."
        yield Problem(FIELDS["stop_loss"], "missing", message)
    for name, field in FIELDS.items():
        yield from number_problems(field, getattr(ticket, name), rules.price_maximum)
    if ticket.order_class is OrderClass.SIMPLE:
        return
    yield from waiting_problems(ticket)
    if ticket.order_class.has_entry and ticket.side is not Side.BUY:
        message = "Exits sell what an entry has bought; sales take a stop-loss beside them as oco."
        yield Problem("side", "long_only", message)


def waiting_problems(ticket: OrderTicket) -> Iterator[Problem]:
    """Exits are there until one of them has happened, so what they follow is not over at once."""
    if ticket.time_in_force not in WAITING:
        message = "An order with exits waits, so it is day or gtc."
        yield Problem("time_in_force", "not_for_groups", message)


def _presence_problems(ticket: OrderTicket) -> Iterator[Problem]:
    kind = ticket.order_class
    given = {
        "take_profit": ticket.take_profit is not None,
        "stop_loss": ticket.stop_loss is not None,
    }
    if kind is OrderClass.SIMPLE:
        for name in (name for name, is_there in given.items() if is_there):
            message = f"A simple order takes no {name}; say which order_class it is."
            yield Problem(name, "superfluous", message)
    elif kind is OrderClass.OCO:
        yield from _oco_problems(ticket)
    elif kind is OrderClass.BRACKET:
        for name in (name for name, is_there in given.items() if not is_there):
            yield Problem(name, "missing", f"A bracket order needs a {name}.")
    elif all(given.values()):
        yield Problem("order_class", "one_exit", "An oto order has one exit; two make a bracket.")
    elif not any(given.values()):
        yield Problem("take_profit", "missing", "An oto order needs a take_profit or a stop_loss.")


def _oco_problems(ticket: OrderTicket) -> Iterator[Problem]:
    if ticket.take_profit is not None:
        message = "An oco order is the take-profit itself, at its limit_price."
        yield Problem("take_profit", "superfluous", message)
    if ticket.stop_loss is None:
        yield Problem("stop_loss", "missing", "An oco order needs a stop_loss.")
    if ticket.type is not OrderType.LIMIT:
        yield Problem("type", "not_for_groups", "An oco order is a limit order.")
    if ticket.side is not Side.SELL:
        yield Problem("side", "exits_only", "An oco order sells, at a profit or a loss.")


def grid_problems_of(ticket: OrderTicket, terms: Terms, rules: Rules) -> Iterator[Problem]:
    for name, field in FIELDS.items():
        price = usable(getattr(ticket, name), rules.price_maximum)
        yield from grid_problems(field, price, terms.tick_size, "off_tick")


def price_problems(ticket: OrderTicket, market: Market, rules: Rules) -> Iterator[Problem]:
    """Exits stand on both sides of the price they are measured from."""
    if ticket.order_class is OrderClass.SIMPLE:
        return
    base = usable(ticket.limit_price, rules.price_maximum)
    base = base or usable(ticket.stop_price, rules.price_maximum) or market.latest(ticket.side)
    profit = usable(ticket.take_profit, rules.price_maximum)
    loss = usable(ticket.stop_loss, rules.price_maximum)
    if base is None:
        return
    if profit is not None and profit <= base:
        yield _wrong_side(FIELDS["take_profit"], profit, "above", base)
    if loss is not None and loss >= base:
        yield _wrong_side(FIELDS["stop_loss"], loss, "below", base)
    limit = usable(ticket.stop_loss_limit, rules.price_maximum)
    if limit is not None and loss is not None and limit * rules.price_band_factor < loss:
        message = (
            f"limit_price was {short(limit)}, less than 1/{rules.price_band_factor} of the stop."
        )
        yield Problem(FIELDS["stop_loss_limit"], "out_of_band", message)


def _wrong_side(field: str, price: Decimal, where: str, base: Decimal) -> Problem:
    message = f"{field} was {short(price)}, must be {where} {plain(base)}."
    return Problem(field, "wrong_side", message)
