"""What a ticket is judged by: the market, the instrument, and what the portfolio may use."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from psycopg.rows import namedtuple_row

from market import sessions
from market.live import live_quotes
from market.values import QuoteValue
from trading.commissions import schedule_of
from trading.errors import PortfolioUnknown
from trading.placing.tickets import Market, Means, OrderTicket, Resting, Rules, Terms


@dataclass(frozen=True, slots=True)
class Situation:
    """All of it, read at one moment."""

    facts: Any  # a row of trading_order_facts
    terms: Terms | None
    market: Market
    means: Means
    rules: Rules


def trading_rules(commission: str = "") -> Rules:
    """``commission``: the portfolio's own schedule; empty for the desk's."""
    limits = settings.LIMITS
    return Rules(
        quantity_maximum=limits.order_quantity_maximum,
        price_maximum=limits.order_price_maximum,
        collar_bps=limits.order_collar_bps,
        price_band_factor=limits.order_price_band_factor,
        quote_fresh_seconds=limits.quote_fresh_seconds,
        client_order_id_characters=limits.client_order_id_characters,
        opening_cutoff_seconds=limits.opening_cutoff_seconds,
        closing_cutoff_seconds=limits.closing_cutoff_seconds,
        schedule=schedule_of(commission or settings.COMMISSION_SCHEDULE),
    )


def look(*, portfolio_id: UUID, ticket: OrderTicket, at: datetime) -> Situation:
    """Read everything in one query, after the quote.

    Raises:
        PortfolioUnknown: there is no such portfolio.
    """
    quote = live_quotes.latest_quote(ticket.instrument_id)
    facts = read_row(
        "SELECT * FROM trading_order_facts(%s, %s, %s)",
        [portfolio_id, ticket.instrument_id, ticket.client_order_id],
    )
    if facts is None:
        raise PortfolioUnknown(portfolio_id)
    return situation_of(facts, quote=quote, at=at)


def read_row(statement: str, values: list[Any]) -> Any:
    """The only row with its columns by name; ``None`` where there is none, or several."""
    rows = read_rows(statement, values)
    return rows[0] if len(rows) == 1 else None


def read_rows(statement: str, values: list[Any]) -> list[Any]:
    """Rows with their columns by name."""
    # A bare cursor of psycopg: rows by name, and none of Django's wrapping on the hot path.
    connection.ensure_connection()
    with connection.connection.cursor(row_factory=namedtuple_row) as cursor:
        return list(cursor.execute(statement, values).fetchall())


def situation_of(facts: Any, *, quote: QuoteValue | None, at: datetime) -> Situation:
    terms = None
    if facts.symbol is not None:
        session = sessions.session_of(at, facts.mic)
        terms = Terms(
            symbol=facts.symbol,
            currency=facts.currency,
            tick_size=facts.tick_size,
            lot_size=facts.lot_size,
            is_active=facts.is_active,
            is_open=session.opens_at <= at,
            opens_at=session.opens_at,
            closes_at=session.closes_at,
            has_auctions=sessions.has_auctions(facts.mic),
            is_halted=facts.is_halted,
        )
    means = Means(
        may_trade=facts.may_trade,
        is_resetting=facts.is_resetting,
        buying_power=facts.cash_available,
        available_units=facts.units_available,
        open_orders=facts.open_orders,
        tier=facts.owner_tier,
        own_sale=_resting(facts.own_ask, facts.own_ask_id),
        own_buy=_resting(facts.own_bid, facts.own_bid_id),
    )
    return Situation(
        facts, terms, Market(quote=quote, now=at), means, trading_rules(facts.commission)
    )


def _resting(price: Decimal | None, order_id: UUID | None) -> Resting | None:
    return None if price is None or order_id is None else Resting(price, order_id)
