"""The order book through the API: the street and users' orders, by price, without names."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.conf import settings as django_settings
from django.utils import timezone

from accounts.models import User
from market.models import Instrument
from portfolio.models import Portfolio
from tests.api.clients import ApiClient, fields_in
from tests.factories import make_instrument, make_portfolio, make_quote, make_user
from trading import orders
from trading.matcher import Matcher
from trading.models import Order
from trading.orders import OrderTicket
from trading.states import OrderType, Side, TimeInForce

pytestmark = pytest.mark.django_db(transaction=True)

LEVEL = {"price", "size", "street_size", "user_size", "orders", "cumulative_size"}
BOOK = {
    *("symbol", "currency", "bid", "ask", "spread", "mid", "bids", "asks"),
    *("occurred_at", "is_stale", "source"),
}


@pytest.fixture
def apple() -> Instrument:
    apple = make_instrument("AAPL")
    make_quote(apple, bid="99.99", ask="100.01", size="1000")
    return apple


def rest(portfolio: Portfolio, instrument: Instrument, limit: str, quantity: str) -> Order:
    """A buy that the matcher has put in the book."""
    ticket = OrderTicket(
        instrument_id=instrument.id,
        side=Side.BUY,
        type=OrderType.LIMIT,
        time_in_force=TimeInForce.GTC,
        quantity=Decimal(quantity),
        notional=None,
        limit_price=Decimal(limit),
        client_order_id=None,
    )
    placed = orders.place_order(
        portfolio_id=portfolio.id,
        ticket=ticket,
        placed_at=timezone.now(),
        actor_id=portfolio.owner_id,
    )
    match()
    return placed


def match() -> None:
    matcher = Matcher(shard=0, shards=1)
    assert matcher.lead()
    while matcher.work():
        pass


def prices(side: list[dict[str, object]]) -> list[tuple[object, object, object]]:
    return [(row["price"], row["size"], row["orders"]) for row in side]


def test_the_street_and_users_stand_together(api: ApiClient, apple: Instrument) -> None:
    for name, limit, quantity in (("a", "99.99", "10"), ("b", "99.99", "5"), ("c", "98", "2")):
        rest(make_portfolio(make_user(f"{name}@example.com")), apple, limit, quantity)
    answer = api.get("/instruments/AAPL/order-book").json()
    assert set(answer) == BOOK
    assert all(set(row) == LEVEL for row in (*answer["bids"], *answer["asks"]))
    assert prices(answer["bids"]) == [("99.99", "1015", 2), ("98", "2", 1)]
    assert answer["bids"][0]["street_size"] == "1000"
    assert answer["bids"][1]["cumulative_size"] == "1017"
    assert prices(answer["asks"]) == [("100.01", "1000", 0)]
    assert (answer["spread"], answer["mid"], answer["is_stale"]) == ("0.02", "100", False)
    assert (answer["bid"], answer["ask"], answer["currency"]) == ("99.99", "100.01", "USD")


def test_nobody_is_named(api: ApiClient, apple: Instrument) -> None:
    placed = rest(make_portfolio(make_user("bob@example.com")), apple, "98", "2")
    text = api.get("/instruments/AAPL/order-book").content.decode()
    for secret in (placed.id, placed.portfolio_id, placed.client_order_id, "bob"):
        assert str(secret) not in text


def test_orders_leave_the_book_when_they_end(
    api: ApiClient, apple: Instrument, alice: User
) -> None:
    placed = rest(make_portfolio(alice), apple, "98", "2")
    assert len(api.get("/instruments/AAPL/order-book").json()["bids"]) == 2
    orders.cancel_order(order_id=placed.id, requested_at=timezone.now(), actor_id=alice.id)
    match()
    assert len(api.get("/instruments/AAPL/order-book").json()["bids"]) == 1


def test_a_closed_exchange_shows_no_waiting_orders(
    api: ApiClient, apple: Instrument, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    rest(make_portfolio(alice), apple, "98", "2")
    monkeypatch.setattr("trading.exchange.resting_orders.sessions.is_open", lambda at, mic: False)
    assert len(api.get("/instruments/AAPL/order-book").json()["bids"]) == 1


def test_an_old_quote_is_stale(api: ApiClient) -> None:
    make_quote(make_instrument("OLD"), occurred_at=timezone.now() - timedelta(minutes=1))
    assert api.get("/instruments/OLD/order-book").json()["is_stale"] is True


def test_without_any_price_the_book_is_empty(api: ApiClient) -> None:
    make_instrument("NEVER")
    answer = api.get("/instruments/NEVER/order-book").json()
    assert (answer["bids"], answer["asks"], answer["source"]) == ([], [], None)


def test_as_many_levels_as_asked_for(api: ApiClient, apple: Instrument, alice: User) -> None:
    portfolio = make_portfolio(alice)
    for limit in ("99", "98", "97"):
        rest(portfolio, apple, limit, "1")
    answer = api.get("/instruments/AAPL/order-book", depth=2).json()
    assert [row["price"] for row in answer["bids"]] == ["99.99", "99"]


@pytest.mark.parametrize(
    ("depth", "status"), [(0, 422), (1, 200), (50, 200), (51, 422), ("x", 422)]
)
def test_the_depth_has_its_limits(
    api: ApiClient, apple: Instrument, depth: object, status: int
) -> None:
    assert django_settings.LIMITS.book_levels_maximum == 50
    response = api.get("/instruments/AAPL/order-book", depth=depth)
    assert response.status_code == status
    if status != 200:
        assert set(fields_in(response)) == {"depth"}


def test_an_unknown_symbol_has_no_book(api: ApiClient) -> None:
    response = api.get("/instruments/NOPE/order-book")
    assert (response.status_code, response.json()["code"]) == (404, "unknown_symbol")
