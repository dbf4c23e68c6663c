"""Rows that tests need, each in a shape that the desk itself could have made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import orjson
from django.utils import timezone

from accounts.models import User
from accounts.tiers import Tier
from market.models import Bar, Exchange, Instrument, QuoteSnapshot
from market.values import wire_time
from portfolio.models import Portfolio
from portfolio.models.portfolios import PortfolioKind
from portfolio.portfolios import open_portfolio

MIDNIGHT_IN_NEW_YORK = datetime(2026, 1, 5, 5, tzinfo=UTC)  # a Monday


def make_user(email: str = "alice@example.com", *, tier: Tier = Tier.PREMIUM) -> User:
    return User.objects.create_user(email, "a-long-password", tier=tier)


def make_exchange(mic: str = "XNAS") -> Exchange:
    exchange, _ = Exchange.objects.get_or_create(
        mic=mic,
        defaults={
            "name": f"Exchange {mic}",
            "timezone": "America/New_York",
            "calendar": "XNYS",
            "country": "US",
        },
    )
    return exchange


def make_instrument(
    symbol: str = "AAPL",
    *,
    name: str | None = None,
    mic: str = "XNAS",
    tick_size: Decimal = Decimal("0.01"),
    lot_size: Decimal = Decimal(1),
) -> Instrument:
    return Instrument.objects.create(
        symbol=symbol,
        name=name or f"{symbol.title()} Inc.",
        exchange=make_exchange(mic),
        currency="USD",
        sector="Technology",
        tick_size=tick_size,
        lot_size=lot_size,
    )


def make_quote(
    instrument: Instrument,
    *,
    bid: str = "99.99",
    ask: str = "100.01",
    last: str = "100",
    size: str = "1000",
    previous_close: str | None = "98",
    occurred_at: datetime | None = None,
    source: str = "simulated",
) -> QuoteSnapshot:
    """The instrument's newest quote, with one level on each side; of this moment by default."""
    snapshot, _ = QuoteSnapshot.objects.update_or_create(
        instrument=instrument,
        defaults={
            "bid": Decimal(bid),
            "bid_size": Decimal(size),
            "ask": Decimal(ask),
            "ask_size": Decimal(size),
            "last": Decimal(last),
            "last_size": Decimal(1),
            "previous_close": None if previous_close is None else Decimal(previous_close),
            "bid_levels": [[bid, size]],
            "ask_levels": [[ask, size]],
            "occurred_at": occurred_at or timezone.now(),
            "source": source,
        },
    )
    return snapshot


def noon_before(*, days: int) -> datetime:
    """Noon UTC so many days ago, which is the same day in New York, whatever the hour is now."""
    return datetime.combine(timezone.now().date() - timedelta(days=days), time(12), tzinfo=UTC)


def make_daily_bars(
    instrument: Instrument,
    closes: Sequence[str | int],
    *,
    first_at: datetime = MIDNIGHT_IN_NEW_YORK,
    source: str = "sample",
) -> list[Bar]:
    """One bar a calendar day from ``first_at`` on, each opening where the one before closed."""
    prices = [Decimal(close) for close in closes]
    openings = [prices[0], *prices[:-1]]
    return Bar.objects.bulk_create(
        Bar(
            instrument=instrument,
            interval="1d",
            opened_at=first_at + timedelta(days=index),
            open=opening,
            high=max(opening, close),
            low=min(opening, close),
            close=close,
            volume=Decimal(1000 + index),
            source=source,
        )
        for index, (opening, close) in enumerate(zip(openings, prices, strict=True))
    )


def make_portfolio(
    owner: User, *, name: str = "Paper", cash: str = "100000", opened_at: datetime | None = None
) -> Portfolio:
    """A paper portfolio with that much settled cash."""
    return open_portfolio(
        owner=owner,
        name=name,
        kind=PortfolioKind.PAPER,
        currency="USD",
        starting_cash=Decimal(cash),
        opened_at=opened_at or timezone.now(),
    )


def make_price_message(
    *, quotes: Sequence[Mapping[str, Any]] = (), ticks: Sequence[Mapping[str, Any]] = ()
) -> bytes:
    """A batch as the feed publishes it, of this moment."""
    batch = {"at": wire_time(timezone.now()), "quotes": [*quotes], "ticks": [*ticks]}
    return orjson.dumps(batch)
