"""What is wrong with the stop of an order. Pure, a part of ``trading.pretrade``."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from accounts.errors import Problem
from market.values import plain
from trading.placing.sizing import first_stop, usable
from trading.placing.ticket_numbers import is_on_grid, number_problems, short
from trading.placing.tickets import Market, OrderTicket, Rules
from trading.states import OrderType, Side

PCT_STEP: Final = Decimal("0.0001")
PCT_MAXIMUM: Final = 99


def ticket_problems(ticket: OrderTicket, rules: Rules) -> Iterator[Problem]:
    """What the ticket alone shows: missing, superfluous and absurd values."""
    words = ticket.type.replace("_", "-")
    needs_stop = ticket.type in {OrderType.STOP, OrderType.STOP_LIMIT}
    if needs_stop and ticket.stop_price is None:
        yield Problem("stop_price", "missing", f"A {words} order needs a stop price.")
    if not needs_stop and ticket.stop_price is not None:
        yield Problem("stop_price", "superfluous", f"A {words} order takes no stop price.")
    trails = {"trail_amount": ticket.trail_amount, "trail_pct": ticket.trail_pct}
    given = [name for name, number in trails.items() if number is not None]
    if ticket.type is not OrderType.TRAILING_STOP:
        for name in given:
            yield Problem(name, "superfluous", f"A {words} order takes no {name}.")
    elif not given:
        yield Problem("trail_amount", "missing", "Give a trail_amount or a trail_pct.")
    elif len(given) == 2:
        message = "Give a trail_amount or a trail_pct, not both."
        yield Problem("trail_pct", "superfluous", message)
    yield from number_problems("stop_price", ticket.stop_price, rules.price_maximum)
    yield from number_problems("trail_amount", ticket.trail_amount, rules.price_maximum)
    yield from number_problems("trail_pct", ticket.trail_pct, PCT_MAXIMUM)
    share = usable(ticket.trail_pct, PCT_MAXIMUM)
    if share is not None and not is_on_grid(share, PCT_STEP):
        message = f"trail_pct was {short(share)}, must be a multiple of {PCT_STEP}."
        yield Problem("trail_pct", "off_grid", message)


def price_problems(ticket: OrderTicket, market: Market, rules: Rules) -> Iterator[Problem]:
    """What the market says against the stop, or against the limit behind it."""
    if ticket.type is OrderType.TRAILING_STOP:
        yield from _trail_problems(ticket, market, rules)
    stop = usable(ticket.stop_price, rules.price_maximum)
    limit = usable(ticket.limit_price, rules.price_maximum)
    if stop is None or limit is None or not ticket.type.has_limit:
        return
    # Told apart from a slip of the pen as a limit order's limit is from the market.
    factor = rules.price_band_factor
    is_buy = ticket.side is Side.BUY
    if limit > stop * factor if is_buy else limit * factor < stop:
        bound = f"more than {factor} times" if is_buy else f"less than 1/{factor} of"
        message = f"limit_price was {short(limit)}, {bound} the stop price {plain(stop)}."
        yield Problem("limit_price", "out_of_band", message)


def _trail_problems(ticket: OrderTicket, market: Market, rules: Rules) -> Iterator[Problem]:
    latest = market.latest(ticket.side)
    if latest is None:
        yield Problem("symbol", "no_price", "There is no price for the stop to follow yet.")
        return
    amount = usable(ticket.trail_amount, rules.price_maximum)
    if amount is not None and first_stop(ticket, market, rules) is None:
        message = f"trail_amount was {short(amount)}, must be below the market's {plain(latest)}."
        yield Problem("trail_amount", "out_of_band", message)
