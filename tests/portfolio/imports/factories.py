"""Tracked portfolios, and files of any length."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from accounts.models import User
from portfolio.models import Portfolio
from portfolio.portfolios import open_portfolio

HEADER = "Date,Type,Symbol,Quantity,Price,Fees,Currency,Order ID"


def at() -> datetime:
    return datetime(2026, 1, 5, 12, tzinfo=UTC)


def make_tracked(owner: User, name: str, *, currency: str = "USD") -> Portfolio:
    return open_portfolio(
        owner=owner,
        name=name,
        kind="tracked",
        currency=currency,
        starting_cash=None,
        opened_at=at(),
    )


def trades(count: int, *, symbols: tuple[str, ...] = ("AAPL",)) -> Iterator[str]:
    """A header, then purchases with a smaller sale after every third, oldest first."""
    yield HEADER
    first = date(2016, 1, 4)
    for number in range(count):
        kind, quantity = ("sell", 2) if number % 4 == 3 else ("buy", 10 + number % 7)
        symbol = symbols[number // 4 % len(symbols)]
        day = first + timedelta(days=number * 3000 // max(count, 1))
        yield f"{day},{kind},{symbol},{quantity},{100 + number % 50}.25,1.00,USD,order-{number}"
