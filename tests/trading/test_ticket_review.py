"""The review of a ticket: what it says, what leads on and back, and who sends without it."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from accounts.models import User
from market.models import Instrument
from portfolio.models import Portfolio
from tests.factories import make_instrument, make_portfolio, make_quote, make_user
from trading.models import Order
from trading.views import tickets

pytestmark = pytest.mark.django_db

HTMX = {"hx-request": "true"}


@pytest.fixture
def alice() -> User:
    return make_user()


@pytest.fixture
def portfolio(alice: User) -> Portfolio:
    return make_portfolio(alice, cash="10000")


@pytest.fixture
def apple() -> Instrument:
    instrument = make_instrument("AAPL")
    make_quote(instrument, bid="99.99", ask="100.01")
    return instrument


@pytest.fixture
def page(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


def ticket(**changes: str) -> dict[str, str]:
    return {
        "instrument": "AAPL",
        "side": "buy",
        "type": "market",
        "sizing": "quantity",
        "size": "10",
        "time_in_force": "day",
        "client_order_id": str(uuid4()),
    } | changes


def send(page: Client, portfolio: Portfolio, given: dict[str, str], *, htmx: bool = True) -> Any:
    headers = HTMX if htmx else {}
    return page.post(f"/portfolios/{portfolio.id}/ticket", given, headers=headers)


def hidden_in(text: str) -> dict[str, str]:
    """What the review sends on without showing it."""
    found = {}
    for field in re.findall(r'<input type="hidden"[^>]*>', text):
        name, value = re.search(r'name="(.*?)"', field), re.search(r'value="(.*?)"', field)
        assert name is not None
        found[name[1]] = html.unescape(value[1]) if value else ""
    return found


def words_of(text: str) -> str:
    shown = text[text.index('id="ticket-words"') :]
    shown = shown[shown.index(">") + 1 : shown.index("<button") if "<button" in shown else None]
    return " ".join(html.unescape(re.sub(r"<[^>]*>", "", shown)).split())


@pytest.mark.parametrize("htmx", [True, False])
def test_a_ticket_is_reviewed_and_then_placed(
    page: Client, portfolio: Portfolio, apple: Instrument, htmx: bool
) -> None:
    given = ticket(type="limit", limit_price="99.50", time_in_force="gtc")
    review = send(page, portfolio, given, htmx=htmx)
    text = review.content.decode()
    assert (review.status_code, Order.objects.count()) == (200, 0)
    assert ("<html" in text) is not htmx
    words = words_of(text)
    assert words.startswith("Buy 10 AAPL at 99.50 or better, until cancelled.")
    assert "It costs about $995.00, with fees of about $0.00." in words
    assert "Up to $995.00 is set aside until it fills, which leaves $9,005.00 of" in words

    placed = send(page, portfolio, hidden_in(text), htmx=htmx)
    assert placed.status_code == (200 if htmx else 302)
    order = Order.objects.get()
    assert (order.type, order.time_in_force) == ("limit", "gtc")
    assert (order.quantity, order.limit_price) == (Decimal(10), Decimal("99.5"))
    assert order.client_order_id == given["client_order_id"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "Buy 10 AAPL at the market, until the close."),
        ({"sizing": "notional", "size": "555"}, "Buy $555.00 of AAPL, 5 units, at the market,"),
        (
            {"type": "stop_limit", "stop_price": "110", "limit_price": "111"},
            "at 111.00 or better, once the price reaches 110.00, until the close.",
        ),
        (
            {"type": "trailing_stop", "trail": "2.5", "trail_in": "pct"},
            "at the market, once the price has turned by 2.5 % from its best,",
        ),
        (
            {"take_profit": "120", "stop_loss": "90", "stop_loss_limit": "89"},
            "Take profit at 120.00. Stop loss from 90.00, not below 89.00.",
        ),
        ({"type": "limit", "limit_price": "90", "time_in_force": "ioc"}, "what fills at once."),
        ({"type": "limit", "limit_price": "90", "extended_hours": "on"}, "also before the opening"),
    ],
)
def test_it_says_all_that_will_be_sent(
    page: Client,
    portfolio: Portfolio,
    apple: Instrument,
    changes: dict[str, str],
    said: str,
) -> None:
    text = send(page, portfolio, ticket(**changes)).content.decode()
    assert said in words_of(text)
    assert send(page, portfolio, hidden_in(text)).status_code == 200
    direct = make_portfolio(portfolio.owner, name="Direct", cash="10000")
    assert send(page, direct, ticket(skips_review="yes", **changes)).status_code == 200
    placed = (Order.objects.get(portfolio=one, parent=None) for one in (portfolio, direct))
    reviewed, at_once = placed
    for name in ("type", "quantity", "notional", "limit_price", "stop_price", "trail_pct"):
        assert getattr(reviewed, name) == getattr(at_once, name)
    for name in ("time_in_force", "extended_hours", "order_class"):
        assert getattr(reviewed, name) == getattr(at_once, name)


def test_what_is_wrong_comes_before_the_review(
    page: Client, portfolio: Portfolio, apple: Instrument
) -> None:
    answer = send(page, portfolio, ticket(size="1000"))
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "buying power" in text
    assert 'id="ticket-words"' not in text


def test_what_became_wrong_since_leads_back_to_the_ticket(
    page: Client, portfolio: Portfolio, apple: Instrument
) -> None:
    text = send(page, portfolio, ticket(size="60")).content.decode()
    send(page, portfolio, ticket(size="60", reviewed="yes"))
    answer = send(page, portfolio, hidden_in(text))
    assert answer.status_code == 422
    assert 'id="ticket-words"' not in answer.content.decode()
    assert Order.objects.count() == 1


def test_it_leads_back_with_everything_filled_in(
    page: Client, portfolio: Portfolio, apple: Instrument
) -> None:
    given = ticket(type="limit", limit_price="99.50", size="7")
    review = send(page, portfolio, given).content.decode()
    answer = send(page, portfolio, hidden_in(review) | {"change": "yes"})
    text = answer.content.decode()
    assert answer.status_code == 200
    assert 'value="99.50"' in text
    assert 'value="7"' in text
    assert given["client_order_id"] in text
    assert not Order.objects.exists()


def test_who_sends_without_review_is_remembered_and_may_change_his_mind(
    page: Client, portfolio: Portfolio, apple: Instrument
) -> None:
    address = f"/portfolios/{portfolio.id}/ticket?instrument=AAPL"
    chosen = re.compile(r'name="skips_review"\s+value="yes"\s+checked')
    assert not chosen.search(page.get(address).content.decode())
    answer = send(page, portfolio, ticket(skips_review="yes"))
    assert Order.objects.count() == 1
    assert chosen.search(answer.content.decode())
    assert answer.cookies["review"].value == "off"
    for path in (address, "/instruments/AAPL/desk"):
        assert chosen.search(page.get(path).content.decode())

    review = send(page, portfolio, ticket())
    assert 'id="ticket-words"' in review.content.decode()
    assert review.cookies["review"].value == "on"
    placed = send(page, portfolio, hidden_in(review.content.decode()))
    assert "review" not in placed.cookies
    assert not chosen.search(page.get(address).content.decode())


def test_the_review_follows_the_market(
    page: Client, portfolio: Portfolio, apple: Instrument
) -> None:
    given = hidden_in(send(page, portfolio, ticket()).content.decode())
    make_quote(apple, bid="109.99", ask="110.00")
    answer = page.get(f"/portfolios/{portfolio.id}/ticket/estimate", given, headers=HTMX)
    text = answer.content.decode()
    assert "It costs about $1,100.00" in words_of(text)
    assert "hx-swap-oob" not in text
    make_quote(apple, bid="1999.99", ask="2000.00")
    answer = page.get(f"/portfolios/{portfolio.id}/ticket/estimate", given, headers=HTMX)
    assert "buying power is 10000" in words_of(answer.content.decode())


def test_it_says_what_an_order_waits_for(
    page: Client,
    portfolio: Portfolio,
    apple: Instrument,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.SIMULATED_EXCHANGE_HOURS = "real"
    dawn = datetime(2026, 3, 4, 12, tzinfo=UTC)
    monkeypatch.setattr(tickets, "timezone", SimpleNamespace(now=lambda: dawn))
    given = ticket(type="limit", limit_price="90")
    words = words_of(send(page, portfolio, given).content.decode())
    assert "It waits for the opening: 2026-03-04 14:30 UTC" in words
    words = words_of(send(page, portfolio, given | {"time_in_force": "cls"}).content.decode())
    assert "It waits for its auction: 2026-03-04 21:00 UTC" in words


def test_it_says_that_the_order_was_sent_before(
    page: Client, portfolio: Portfolio, apple: Instrument
) -> None:
    given = ticket(type="limit", limit_price="90", time_in_force="gtc")
    send(page, portfolio, given | {"reviewed": "yes"})
    assert "has been placed already" in words_of(send(page, portfolio, given).content.decode())


def test_a_stranger_reviews_nothing(
    client: Client, portfolio: Portfolio, apple: Instrument
) -> None:
    client.force_login(make_user("charlie@example.com"))
    assert send(client, portfolio, ticket()).status_code == 404
