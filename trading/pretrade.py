"""What is wrong with an order before it is recorded. Pure.

All problems are found at once, each at the field where the investor can mend it.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_DOWN, ROUND_UP, Decimal
from typing import Final, NamedTuple

from accounts.errors import Problem
from accounts.tiers import allowance_of
from market.values import plain
from trading.errors import TooManyOpenOrders
from trading.placing import auction_rules, exit_rules, stop_rules
from trading.placing.sizing import Plan, Sizing, plan_of, reference_of, size_up, usable
from trading.placing.ticket_numbers import grid_problems, number_problems, short
from trading.placing.tickets import Market, Means, OrderTicket, Rules, Terms
from trading.states import OrderType, Side, TimeInForce

AT_ONCE: Final = frozenset({TimeInForce.IOC, TimeInForce.FOK})
# With fewer than these left, orders of one owner are counted one after the other. More than that
# never wait at once for one owner, so further from the limit nobody need wait.
NEARLY_ALL: Final = 64
SELF_MATCH: Final = "self_match"


class Judgement(NamedTuple):
    """What stands against an order, or what is recorded of one that nothing stands against."""

    problems: list[Problem]
    plan: Plan | None = None


def find_problems(
    ticket: OrderTicket, *, terms: Terms | None, market: Market, means: Means, rules: Rules
) -> list[Problem]:
    """Name everything that stands against the order; empty when nothing does.

    Args:
        terms: ``None`` when there is no such instrument.
    """
    return judge(ticket, terms=terms, market=market, means=means, rules=rules).problems


def judge(
    ticket: OrderTicket, *, terms: Terms | None, market: Market, means: Means, rules: Rules
) -> Judgement:
    """As ``find_problems``, and settle the numbers of an order that nothing stands against."""
    if terms is None:
        unknown = Problem("symbol", "unknown_symbol", "There is no such instrument.")
        return Judgement([unknown, *_ticket_problems(ticket, rules)])
    problems = [
        *_standing_problems(ticket, terms, means),
        *_ticket_problems(ticket, rules),
        *_grid_problems(ticket, terms, rules),
        *auction_rules.window_problems(ticket, terms, now=market.now, rules=rules),
        *_price_problems(ticket, market, rules),
        *_self_match_problems(ticket, terms, market, means, rules),
        *exit_rules.price_problems(ticket, market, rules),
    ]
    if problems:
        return Judgement(problems)
    sizing = size_up(ticket, terms=terms, market=market, rules=rules)
    problems.extend(_means_problems(ticket, sizing, terms, means))
    return Judgement(problems, None if problems else plan_of(sizing))


def _standing_problems(ticket: OrderTicket, terms: Terms, means: Means) -> Iterator[Problem]:
    if not means.may_trade:
        yield Problem(
            "portfolio_id", "not_tradable", "Orders need a paper portfolio that is not archived."
        )
    if means.is_resetting:
        message = "The portfolio is being reset; it takes orders again when that is done."
        yield Problem("portfolio_id", "being_reset", message)
    if not terms.is_active:
        yield Problem("symbol", "inactive", f"{terms.symbol} is no longer traded.")
    if terms.is_halted:
        message = f"Trading in {terms.symbol} is halted; what works can be cancelled."
        yield Problem("symbol", "halted", message)
    if ticket.type.waits_for_stop and ticket.time_in_force in AT_ONCE:
        yield Problem("time_in_force", "not_for_stops", "A stop order waits, so it is day or gtc.")
    elif not terms.is_open and _needs_open_market(ticket):
        yield Problem(
            "time_in_force",
            "market_closed",
            f"The exchange of {terms.symbol} is closed; a day or gtc limit order can wait.",
        )
    if has_all_open_orders(means, orders=1 + ticket.exit_count):
        error = TooManyOpenOrders(means.tier)
        yield Problem("", error.code, str(error))


def _needs_open_market(ticket: OrderTicket) -> bool:
    is_market = ticket.type is OrderType.MARKET and not ticket.time_in_force.is_auction
    return is_market or ticket.time_in_force in AT_ONCE


def has_all_open_orders(means: Means, *, orders: int = 1) -> bool:
    """Whether the owner's tier does not include so many more."""
    return means.open_orders + orders > allowance_of(means.tier).open_orders


def has_nearly_all_open_orders(means: Means) -> bool:
    """Whether orders placed at the same time might pass the limit together."""
    return means.open_orders + NEARLY_ALL >= allowance_of(means.tier).open_orders


def _ticket_problems(ticket: OrderTicket, rules: Rules) -> Iterator[Problem]:
    """What the ticket alone shows: missing, superfluous and absurd values."""
    if ticket.quantity is None and ticket.notional is None:
        yield Problem("quantity", "missing", "Give a quantity or a notional amount.")
    if ticket.quantity is not None and ticket.notional is not None:
        yield Problem("notional", "superfluous", "Give a quantity or a notional amount, not both.")
    yield from number_problems("quantity", ticket.quantity, rules.quantity_maximum)
    amount_maximum = rules.quantity_maximum * rules.price_maximum
    yield from number_problems("notional", ticket.notional, amount_maximum)
    words = ticket.type.replace("_", "-")
    if ticket.type.has_limit:
        if ticket.limit_price is None:
            yield Problem("limit_price", "missing", f"A {words} order needs a limit price.")
    elif ticket.limit_price is not None:
        yield Problem("limit_price", "superfluous", f"A {words} order takes no limit price.")
    yield from number_problems("limit_price", ticket.limit_price, rules.price_maximum)
    yield from stop_rules.ticket_problems(ticket, rules)
    yield from exit_rules.ticket_problems(ticket, rules)
    yield from auction_rules.ticket_problems(ticket)
    name = ticket.client_order_id
    if name is not None and not (0 < len(name) <= rules.client_order_id_characters):
        yield Problem(
            "client_order_id",
            "bad_length",
            f"client_order_id had {len(name)} characters, must have 1 to"
            f" {rules.client_order_id_characters}.",
        )
    if name is not None and not name.isprintable():
        yield Problem(
            "client_order_id", "unprintable", "client_order_id must be printable characters."
        )


def _grid_problems(ticket: OrderTicket, terms: Terms, rules: Rules) -> Iterator[Problem]:
    quantity = usable(ticket.quantity, rules.quantity_maximum)
    yield from grid_problems("quantity", quantity, terms.lot_size, "off_lot")
    for field in ("limit_price", "stop_price", "trail_amount"):
        price = usable(getattr(ticket, field), rules.price_maximum)
        yield from grid_problems(field, price, terms.tick_size, "off_tick")
    yield from exit_rules.grid_problems_of(ticket, terms, rules)


def _price_problems(ticket: OrderTicket, market: Market, rules: Rules) -> Iterator[Problem]:
    if ticket.type.waits_for_stop:
        yield from stop_rules.price_problems(ticket, market, rules)
        return
    if ticket.type is OrderType.MARKET:
        if reference_of(ticket, market, rules) is None:
            yield Problem(
                "symbol",
                "no_price",
                "There is no fresh price to trade at; use a limit order or try again shortly.",
            )
        return
    price = usable(ticket.limit_price, rules.price_maximum)
    latest = market.latest(ticket.side)
    if price is None or not latest:
        return
    factor = rules.price_band_factor
    if ticket.side is Side.BUY and price > latest * factor:
        yield Problem(
            "limit_price",
            "out_of_band",
            f"limit_price was {short(price)}, more than {factor} times the market's"
            f" {plain(latest)}.",
        )
    if ticket.side is Side.SELL and price * factor < latest:
        yield Problem(
            "limit_price",
            "out_of_band",
            f"limit_price was {short(price)}, less than 1/{factor} of the market's"
            f" {plain(latest)}.",
        )


def _self_match_problems(
    ticket: OrderTicket, terms: Terms, market: Market, means: Means, rules: Rules
) -> Iterator[Problem]:
    """Whether an own order would be next to trade with it: at its limit, and before the street.

    What crosses it otherwise, an auction, a stop or what comes meanwhile, is judged as it trades.
    """
    own = means.opposite(ticket.side)
    waits = ticket.type.waits_for_stop or ticket.time_in_force.is_auction or not terms.is_open
    if own is None or waits:
        return
    limit = usable(ticket.limit_price, rules.price_maximum)
    street = market.reference(ticket.side, fresh_seconds=rules.quote_fresh_seconds)
    bounds = [price for price in (limit, street) if price]
    if not bounds or (ticket.type.has_limit and limit is None):
        return
    is_buy = ticket.side is Side.BUY
    if own.price <= min(bounds) if is_buy else own.price >= max(bounds):
        field = "limit_price" if ticket.type.has_limit else "side"
        words = "sale" if is_buy else "purchase"
        message = f"It would meet your own {words} at {plain(own.price)}; cancel that one first."
        yield Problem(field, SELF_MATCH, message)


def _means_problems(
    ticket: OrderTicket, sizing: Sizing, terms: Terms, means: Means
) -> Iterator[Problem]:
    """Whether the portfolio can carry the order. A sizing without a reserve came to nothing."""
    if not sizing.quantity or sizing.reserve is None:
        yield Problem(
            "notional",
            "too_small",
            f"The amount buys less than the smallest lot of {plain(terms.lot_size)}.",
        )
    elif ticket.side is Side.BUY and sizing.reserve > means.buying_power:
        yield short_of_cash(
            needed=sizing.reserve, available=means.buying_power, currency=terms.currency
        )
    elif ticket.side is Side.SELL and sizing.quantity > means.available_units:
        yield short_of_units(
            needed=sizing.quantity, available=means.available_units, symbol=terms.symbol
        )


def short_of_cash(*, needed: Decimal, available: Decimal, currency: str) -> Problem:
    return Problem(
        "quantity",
        "insufficient_buying_power",
        f"The order needs up to {plain(cents_up(needed))} {currency}; buying power is"
        f" {plain(cents_down(available))} {currency}.",
    )


def short_of_units(*, needed: Decimal, available: Decimal, symbol: str) -> Problem:
    return Problem(
        "quantity",
        "insufficient_units",
        f"The order sells {plain(needed)} {symbol}; {plain(available)} are available.",
    )


def cents_up(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"), ROUND_UP)


def cents_down(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"), ROUND_DOWN)
