"""What trading tests start from: people, paper portfolios, instruments, quotes, tickets."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson

from accounts.identifiers import new_id
from accounts.models import User
from market.live import live_quotes
from market.models import Exchange, Instrument
from market.values import QuoteValue, quote_to_wire
from portfolio.models import LedgerBalance, Portfolio
from portfolio.portfolios import open_portfolio
from tests.support.desk import wait_until
from trading import orders
from trading.matcher import Matcher
from trading.models import Order, OrderEvent
from trading.orders import OrderTicket
from trading.states import OrderType, Side, TimeInForce

NOON = datetime(2026, 3, 4, 17, 0, tzinfo=UTC)  # a Wednesday, noon in New York
LEAD_SECONDS = 20


class Clock:
    """A clock that tests move by hand."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **passed: float) -> datetime:
        self.now += timedelta(**passed)
        return self.now


def make_user(email: str = "alice@example.com", **fields: Any) -> User:
    return User.objects.create_user(email, **({"tier": "premium"} | fields))


def make_portfolio(
    owner: User | None = None, *, cash: str = "100000", name: str = "Paper", kind: str = "paper"
) -> Portfolio:
    return open_portfolio(
        owner=owner or make_user(),
        name=name,
        kind=kind,
        currency="USD",
        starting_cash=Decimal(cash) or None,
        opened_at=NOON - timedelta(days=30),
    )


def make_instrument(symbol: str = "AAPL", **fields: Any) -> Instrument:
    exchange, _ = Exchange.objects.get_or_create(
        mic="XNAS",
        defaults={"name": "Nasdaq", "timezone": "America/New_York", "calendar": "XNYS"},
    )
    return Instrument.objects.create(
        **({"symbol": symbol, "name": symbol, "exchange": exchange, "currency": "USD"} | fields)
    )


def make_quote(
    instrument: Instrument,
    *,
    bid: str = "99.90",
    ask: str = "100.00",
    size: str = "500",
    last: str | None = None,
    bids: Sequence[tuple[str, str]] = (),
    asks: Sequence[tuple[str, str]] = (),
    at: datetime = NOON,
) -> QuoteValue:
    """A quote with one level a side, or with the levels given (best first)."""
    bid_levels = tuple((Decimal(p), Decimal(s)) for p, s in bids or [(bid, size)])
    ask_levels = tuple((Decimal(p), Decimal(s)) for p, s in asks or [(ask, size)])
    return QuoteValue(
        instrument_id=instrument.id,
        symbol=instrument.symbol,
        bid=bid_levels[0][0],
        bid_size=bid_levels[0][1],
        ask=ask_levels[0][0],
        ask_size=ask_levels[0][1],
        last=Decimal(last) if last else bid_levels[0][0],
        last_size=Decimal(1),
        previous_close=Decimal(95),
        bid_levels=bid_levels,
        ask_levels=ask_levels,
        occurred_at=at,
        source="simulated",
    )


def publish_quote(instrument: Instrument, **fields: Any) -> QuoteValue:
    """Put a quote where the feed puts it."""
    quote = make_quote(instrument, **fields)
    wire = orjson.dumps(quote_to_wire(quote, with_depth=True))
    live_quotes.valkey().hset(
        live_quotes.prefixed(live_quotes.QUOTES_KEY), str(instrument.id), wire.decode()
    )
    return quote


def make_ticket(
    instrument: Instrument,
    *,
    side: str = "buy",
    quantity: str | None = "10",
    limit: str | None = None,
    tif: str = "day",
    notional: str | None = None,
    client_order_id: str | None = None,
    stop: str | None = None,
    trail: str | None = None,
) -> OrderTicket:
    """``trail`` is an amount, or with a sign of it a share: ``1.50`` or ``5%``."""
    kind = OrderType.LIMIT if limit else OrderType.MARKET
    if stop:
        kind = OrderType.STOP_LIMIT if limit else OrderType.STOP
    if trail:
        kind = OrderType.TRAILING_STOP
    share = trail.rstrip("%") if trail and trail.endswith("%") else None
    return OrderTicket(
        instrument_id=instrument.id,
        side=Side(side),
        type=kind,
        time_in_force=TimeInForce(tif),
        quantity=None if quantity is None or notional else Decimal(quantity),
        notional=Decimal(notional) if notional else None,
        limit_price=Decimal(limit) if limit else None,
        stop_price=Decimal(stop) if stop else None,
        trail_amount=Decimal(trail) if trail and not share else None,
        trail_pct=Decimal(share) if share else None,
        client_order_id=client_order_id,
    )


def place(
    portfolio: Portfolio, instrument: Instrument, *, at: datetime = NOON, **fields: Any
) -> Order:
    return orders.place_order(
        portfolio_id=portfolio.id, ticket=make_ticket(instrument, **fields), placed_at=at
    )


def leading_matcher(clock: Clock | None = None, *, shard: int = 0, shards: int = 1) -> Matcher:
    """A matcher that leads; the database may let go of a connection some time after its end."""
    matcher = Matcher(shard=shard, shards=shards, clock=clock or Clock())
    wait_until(matcher.lead, seconds=LEAD_SECONDS, what="no other matcher leads")
    return matcher


def give_units(portfolio: Portfolio, instrument: Instrument, quantity: str) -> None:
    """Let the portfolio buy units at 100 USD, as an entry of the ledger."""
    from portfolio import ledger
    from portfolio.bookkeeping import lot_keeping
    from portfolio.bookkeeping.entries import EntryKind

    entry = ledger.trade_entry(
        entry_id=new_id(),
        portfolio_id=portfolio.id,
        kind=EntryKind.BUY,
        external_id=f"given:{new_id()}",
        occurred_at=NOON - timedelta(days=10),
        currency="USD",
        instrument_id=instrument.id,
        quantity=Decimal(quantity),
        unit_price=Decimal(100),
        is_settled=True,
    )
    ledger.post_entries([entry], recorded_at=NOON - timedelta(days=10))
    lot_keeping.apply_trades([entry])


def cash_of(portfolio: Portfolio) -> LedgerBalance:
    return LedgerBalance.objects.get(portfolio=portfolio, currency="USD")


def units_of(portfolio: Portfolio, instrument: Instrument) -> LedgerBalance:
    return LedgerBalance.objects.get(portfolio=portfolio, instrument=instrument)


def status_of(order: Order | UUID) -> str:
    order_id = order if isinstance(order, UUID) else order.id
    return str(Order.objects.values_list("status", flat=True).get(id=order_id))


def kinds_of(order: Order) -> list[str]:
    """What has happened to an order, oldest first."""
    events = OrderEvent.objects.filter(order=order).order_by("id")
    return list(events.values_list("kind", flat=True))


def facts(*values: object) -> tuple[object, ...]:
    """Values to compare at once, numbers by value whatever their type."""
    return values
