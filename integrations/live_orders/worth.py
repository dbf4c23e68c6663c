"""What an order is worth at the most, as far as anybody can say before it fills. Pure."""

from __future__ import annotations

from decimal import ROUND_UP, Decimal
from typing import Final

from integrations.live_orders.tickets import LiveTicket
from market.values import QuoteValue
from trading.states import OrderType, Side

CENT: Final = Decimal("0.01")


def worth_of(
    ticket: LiveTicket, *, quote: QuoteValue | None, is_fresh: bool, rate: Decimal
) -> Decimal | None:
    """In another currency, at ``rate`` of it for one of the instrument's; to the cent, upwards.

    A purchase pays its limit at most. Whatever else is worth what the market says, or what its own
    price says where that is more: a sale far below the market sells at the market. ``None`` where
    no price is to be had that says enough.
    """
    if ticket.notional is not None:
        return rounded(ticket.notional * rate)
    price = price_of(ticket, quote=quote, is_fresh=is_fresh)
    if price is None or ticket.quantity is None:
        return None
    return rounded(ticket.quantity * price * rate)


def price_of(ticket: LiveTicket, *, quote: QuoteValue | None, is_fresh: bool) -> Decimal | None:
    if ticket.side is Side.BUY and ticket.limit_price is not None:
        return ticket.limit_price
    market = market_price(ticket.side, quote)
    own = ticket.limit_price or ticket.stop_price
    if ticket.type in {OrderType.MARKET, OrderType.TRAILING_STOP} or own is None:
        return market if is_fresh else None
    return own if market is None else max(own, market)


def market_price(side: Side, quote: QuoteValue | None) -> Decimal | None:
    if quote is None:
        return None
    return (quote.ask if side is Side.BUY else quote.bid) or quote.last


def rounded(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, rounding=ROUND_UP)
