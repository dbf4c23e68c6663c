"""What is wrong with an order for an auction, or for extended hours. Pure, part of pretrade."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from accounts.errors import Problem
from trading.placing.tickets import OrderTicket, Rules, Terms
from trading.states import OrderClass, OrderType, TimeInForce


def ticket_problems(ticket: OrderTicket) -> Iterator[Problem]:
    """What the ticket alone shows."""
    kinds = {OrderType.MARKET, OrderType.LIMIT}
    if ticket.time_in_force.is_auction and ticket.type not in kinds:
        message = "An auction takes market and limit orders."
        yield Problem("time_in_force", "not_for_auctions", message)
    is_plain = ticket.type is OrderType.LIMIT and ticket.order_class is OrderClass.SIMPLE
    if ticket.extended_hours and not (is_plain and ticket.time_in_force.may_rest):
        message = "Only a limit order that is day or gtc, without exits, trades in extended hours."
        yield Problem("extended_hours", "limit_only", message)


def window_problems(
    ticket: OrderTicket, terms: Terms, *, now: datetime, rules: Rules
) -> Iterator[Problem]:
    """Whether the auction still takes orders."""
    if not ticket.time_in_force.is_auction:
        return
    if not terms.has_auctions or terms.opens_at is None or terms.closes_at is None:
        message = f"The exchange of {terms.symbol} never closes, so it has no auctions."
        yield Problem("time_in_force", "no_auction", message)
    elif ticket.time_in_force is TimeInForce.OPG:
        cutoff = timedelta(seconds=rules.opening_cutoff_seconds)
        if terms.is_open or now > terms.opens_at - cutoff:
            message = (
                "The opening auction takes orders from the close until"
                f" {rules.opening_cutoff_seconds // 60} minutes before the opening."
            )
            yield Problem("time_in_force", "auction_closed", message)
    elif now > terms.closes_at - timedelta(seconds=rules.closing_cutoff_seconds):
        message = (
            f"The closing auction takes orders until {rules.closing_cutoff_seconds // 60} minutes"
            " before the close."
        )
        yield Problem("time_in_force", "auction_closed", message)
