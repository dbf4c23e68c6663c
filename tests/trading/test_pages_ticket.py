"""The order ticket: what it shows, what it refuses where, and what it places."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from accounts.models import User
from market.models import Instrument
from portfolio.models import Portfolio
from tests.factories import make_instrument, make_portfolio, make_quote, make_user
from trading.models import Order

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
        "limit_price": "",
        "time_in_force": "day",
        "client_order_id": str(uuid4()),
    } | changes


def send(page: Client, portfolio: Portfolio, **changes: str) -> Any:
    """Send a ticket that was reviewed."""
    changes = {"reviewed": "yes"} | changes
    return page.post(f"/portfolios/{portfolio.id}/ticket", ticket(**changes), headers=HTMX)


def problems_at(field: str, text: str) -> str:
    """What stands in the place under a field."""
    start = text.index(f'id="id_{field}_problems"')
    return text[start : text.index("</div>", start)]


def test_the_desk_shows_ticket_position_and_buying_power(
    page: Client, portfolio: Portfolio, apple: Instrument
) -> None:
    text = page.get("/instruments/AAPL/desk", headers=HTMX).content.decode()
    assert "<html" not in text
    assert 'id="ticket"' in text
    assert "$10,000.00" in text
    assert "Paper holds no AAPL" in text
    assert f'data-portfolio="{portfolio.id}"' in text
    assert "field__errors" not in text


def test_the_desk_is_a_page_of_its_own_without_script(
    page: Client, portfolio: Portfolio, apple: Instrument
) -> None:
    text = page.get("/instruments/AAPL/desk").content.decode()
    assert "<html" in text
    assert 'method="post"' in text


def test_without_a_paper_portfolio_the_desk_says_what_to_do(
    page: Client, apple: Instrument
) -> None:
    text = page.get("/instruments/AAPL/desk", headers=HTMX).content.decode()
    assert "No paper portfolio" in text


def test_the_desk_of_an_unknown_symbol_is_not_found(page: Client, portfolio: Portfolio) -> None:
    assert page.get("/instruments/NOPE/desk").status_code == 404


def test_a_market_order_is_placed_and_announced(
    page: Client, portfolio: Portfolio, apple: Instrument
) -> None:
    response = send(page, portfolio)
    assert response.status_code == 200
    assert "orders-changed" in response["HX-Trigger-After-Settle"]
    order = Order.objects.get()
    assert (order.side, order.type, order.quantity) == ("buy", "market", Decimal(10))
    text = response.content.decode()
    assert str(order.id) in text
    assert order.client_order_id not in text  # the next ticket is another order


def test_without_script_the_order_leads_to_its_page(
    page: Client, portfolio: Portfolio, apple: Instrument
) -> None:
    response = page.post(f"/portfolios/{portfolio.id}/ticket", ticket(reviewed="yes"), follow=True)
    assert response.redirect_chain == [(f"/orders/{Order.objects.get().id}", 302)]
    assert "The order is placed." in response.content.decode()


def test_the_same_ticket_twice_is_one_order(
    page: Client, portfolio: Portfolio, apple: Instrument
) -> None:
    assert send(page, portfolio, client_order_id="once").status_code == 200
    assert send(page, portfolio, client_order_id="once").status_code == 200
    assert Order.objects.count() == 1


def test_another_order_under_the_same_id_is_refused(
    page: Client, portfolio: Portfolio, apple: Instrument
) -> None:
    send(page, portfolio, client_order_id="once")
    response = send(page, portfolio, client_order_id="once", size="11")
    assert response.status_code == 422
    assert "which differs" in response.content.decode()
    assert Order.objects.count() == 1


def test_an_amount_becomes_whole_lots(
    page: Client, portfolio: Portfolio, apple: Instrument
) -> None:
    send(page, portfolio, sizing="notional", size="555")
    order = Order.objects.get()
    assert (order.notional, order.quantity) == (Decimal(555), Decimal(5))


def test_a_market_ticket_ignores_a_limit_left_in_the_hidden_field(
    page: Client, portfolio: Portfolio, apple: Instrument
) -> None:
    assert send(page, portfolio, limit_price="5").status_code == 200
    assert Order.objects.get().limit_price is None


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"size": ""}, "size", "Give a quantity"),
        ({"size": "abc"}, "size", "not a number"),
        ({"size": "1e400"}, "size", ""),
        ({"size": "NaN"}, "size", "not a number"),
        ({"size": "0"}, "size", "must be &gt; 0"),
        ({"size": "-5"}, "size", "must be &gt; 0"),
        ({"size": "1.5"}, "size", "multiple of 1"),
        ({"size": "1000"}, "size", "buying power"),
        ({"side": "sell"}, "size", "available"),
        ({"type": "limit"}, "limit_price", "needs a limit price"),
        ({"type": "limit", "limit_price": "100.001"}, "limit_price", "multiple of 0.01"),
        ({"type": "limit", "limit_price": "-1"}, "limit_price", "must be &gt; 0"),
        ({"type": "limit", "limit_price": "1e400"}, "limit_price", ""),
        ({"time_in_force": "never"}, "time_in_force", "never"),
    ],
)
def test_each_problem_stands_at_its_field(  # noqa: PLR0917 - fixtures and parameters
    page: Client,
    portfolio: Portfolio,
    apple: Instrument,
    changes: dict[str, str],
    field: str,
    words: str,
) -> None:
    response = send(page, portfolio, **changes)
    assert response.status_code == 422
    shown = problems_at(field, response.content.decode())
    assert "field__errors" in shown
    assert words in shown
    assert not Order.objects.exists()


def test_all_problems_are_told_at_once(
    page: Client, portfolio: Portfolio, apple: Instrument
) -> None:
    text = send(page, portfolio, type="limit", size="-5", limit_price="0.001").content.decode()
    assert "field__errors" in problems_at("size", text)
    assert "field__errors" in problems_at("limit_price", text)


def test_the_estimate_says_cost_and_buying_power_after(
    page: Client, portfolio: Portfolio, apple: Instrument
) -> None:
    answer = page.get(f"/portfolios/{portfolio.id}/ticket/estimate", ticket(), headers=HTMX)
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "$1,000.10" in text
    assert "$10,000.00" in text
    assert not Order.objects.exists()


def test_the_estimate_blames_nobody_for_what_is_not_yet_typed(
    page: Client, portfolio: Portfolio, apple: Instrument
) -> None:
    address = f"/portfolios/{portfolio.id}/ticket/estimate"
    text = page.get(address, ticket(size="", type="limit"), headers=HTMX).content.decode()
    assert "field__errors" not in text


def test_the_estimate_puts_problems_at_their_fields_out_of_band(
    page: Client, portfolio: Portfolio, apple: Instrument
) -> None:
    address = f"/portfolios/{portfolio.id}/ticket/estimate"
    text = page.get(address, ticket(size="1000000"), headers=HTMX).content.decode()
    assert "buying power" in problems_at("size", text)
    assert 'hx-swap-oob="true"' in problems_at("size", text)


def test_what_is_typed_is_escaped(page: Client, portfolio: Portfolio, apple: Instrument) -> None:
    text = send(page, portfolio, size='"><script>x').content.decode()
    assert "<script>x" not in text


@pytest.mark.parametrize("path", ["ticket", "ticket/estimate", "holdings/AAPL"])
def test_a_strangers_portfolio_does_not_exist(
    client: Client, portfolio: Portfolio, apple: Instrument, path: str
) -> None:
    client.force_login(make_user("charlie@example.com"))
    address = f"/portfolios/{portfolio.id}/{path}"
    assert client.get(address, ticket()).status_code == 404
    if path == "ticket":
        assert client.post(address, ticket()).status_code == 404
    assert not Order.objects.exists()


def test_strangers_without_a_name_sign_in_first(client: Client, portfolio: Portfolio) -> None:
    response = client.post(f"/portfolios/{portfolio.id}/ticket", ticket())
    assert response.status_code == 302
    assert "login" in response["Location"]


def test_the_desk_chooses_among_paper_portfolios(
    page: Client, alice: User, portfolio: Portfolio, apple: Instrument
) -> None:
    other = make_portfolio(alice, name="Second", cash="777")
    text = page.get(f"/instruments/AAPL/desk?portfolio={other.id}", headers=HTMX).content.decode()
    assert "$777.00" in text
    assert f'value="{other.id}" selected' in text


def test_a_stop_is_placed_with_the_fields_of_its_type_alone(
    page: Client, portfolio: Portfolio, apple: Instrument
) -> None:
    left_over = {"limit_price": "1", "trail": "2", "trail_in": "pct"}
    response = send(page, portfolio, type="stop", stop_price="110.00", **left_over)
    assert response.status_code == 200
    order = Order.objects.get()
    assert (order.type, order.stop_price) == ("stop", Decimal(110))
    assert (order.limit_price, order.trail_amount, order.trail_pct) == (None, None, None)


@pytest.mark.parametrize(
    ("unit", "amount", "share"), [("amount", "2.5", None), ("pct", None, "2.5")]
)
def test_a_trailing_stop_follows_by_an_amount_or_a_share(  # noqa: PLR0917 - fixtures and parameters
    page: Client,
    portfolio: Portfolio,
    apple: Instrument,
    unit: str,
    amount: str | None,
    share: str | None,
) -> None:
    send(page, portfolio, type="trailing_stop", trail="2.5", trail_in=unit)
    order = Order.objects.get()
    assert order.trail_amount == (Decimal(amount) if amount else None)
    assert order.trail_pct == (Decimal(share) if share else None)


def test_a_missing_stop_price_is_said_at_its_field(
    page: Client, portfolio: Portfolio, apple: Instrument
) -> None:
    text = send(page, portfolio, type="stop_limit", limit_price="100").content.decode()
    assert "needs a stop price" in problems_at("stop_price", text)


@pytest.mark.parametrize(
    ("changes", "made"),
    [
        ({"take_profit": "120", "stop_loss": "90"}, ("bracket", 2)),
        ({"stop_loss": "90", "stop_loss_limit": "89"}, ("oto", 1)),
    ],
)
def test_exits_make_of_a_purchase_what_they_are(
    page: Client,
    portfolio: Portfolio,
    apple: Instrument,
    changes: dict[str, str],
    made: tuple[str, int],
) -> None:
    assert send(page, portfolio, **changes).status_code == 200
    entry = Order.objects.get(parent=None)
    assert (entry.order_class, entry.legs.count()) == made
    story = page.get(f"/orders/{entry.id}").content.decode()
    assert "Belongs together" in story


def test_a_problem_of_an_exit_stands_at_its_field(
    page: Client, portfolio: Portfolio, apple: Instrument
) -> None:
    answer = send(page, portfolio, take_profit="50", stop_loss="90")
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "must be above" in problems_at("take_profit", text)
    assert "<details" in text
    assert not Order.objects.exists()


def test_only_an_exchange_with_auctions_offers_them(
    page: Client, portfolio: Portfolio, settings: Any
) -> None:
    settings.SIMULATED_EXCHANGE_HOURS = "real"
    for mic in ("XNAS", "CRYP"):
        make_quote(make_instrument("COIN", mic=mic), bid="99.99", ask="100.01")
    path = f"/portfolios/{portfolio.id}/ticket"
    shares = page.get(path, {"instrument": "XNAS:COIN"}).content.decode()
    coins = page.get(path, {"instrument": "CRYP:COIN"}).content.decode()
    assert 'value="opg"' in shares
    assert 'value="opg"' not in coins
    assert 'value="cls"' not in coins
    limit = {"type": "limit", "limit_price": "100", "time_in_force": "opg"}
    refused = send(page, portfolio, instrument="CRYP:COIN", **limit)
    assert refused.status_code == 422
    assert "it has no auctions" in problems_at("time_in_force", refused.content.decode())
    assert not Order.objects.exists()
