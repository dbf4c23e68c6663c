"""The lists of orders, an order's story, and its cancellation."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone

from accounts.models import User
from market.models import Instrument
from portfolio.models import Portfolio
from tests.trading.factories import (
    cash_of,
    give_units,
    leading_matcher,
    make_instrument,
    make_portfolio,
    make_user,
    place,
    publish_quote,
    status_of,
)

pytestmark = pytest.mark.django_db

HTMX = {"hx-request": "true"}


@pytest.fixture
def alice() -> User:
    return make_user()


@pytest.fixture
def portfolio(alice: User) -> Portfolio:
    return make_portfolio(alice)


@pytest.fixture
def apple() -> Instrument:
    instrument = make_instrument()
    publish_quote(instrument)
    return instrument


@pytest.fixture
def page(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


def place_resting(portfolio: Portfolio, apple: Instrument) -> UUID:
    order = place(portfolio, apple, limit="50", quantity="10", tif="gtc")
    leading_matcher().work()
    return order.id


def text_of(client: Client, address: str, **headers: str) -> str:
    response = client.get(address, headers=headers)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_without_orders_the_pages_say_what_to_do(page: Client) -> None:
    assert "No working orders" in text_of(page, "/orders")
    assert "No order has come to its end yet" in text_of(page, "/orders?status=done")


def test_a_working_order_is_listed_with_what_it_holds(
    page: Client, portfolio: Portfolio, apple: Instrument
) -> None:
    order_id = place_resting(portfolio, apple)
    text = text_of(page, "/orders")
    assert f'data-order="{order_id}"' in text
    assert "10 AAPL at 50.00 limit" in text
    assert "$500.00" in text
    assert f"/orders/{order_id}/cancellation" in text
    assert f'data-portfolio="{portfolio.id}"' in text
    assert str(order_id) not in text_of(page, "/orders?status=done")


def test_htmx_gets_only_the_table(page: Client, portfolio: Portfolio, apple: Instrument) -> None:
    place_resting(portfolio, apple)
    assert "<html" not in text_of(page, "/orders", hx_request="true")


def test_orders_are_narrowed_to_one_portfolio(
    page: Client, alice: User, portfolio: Portfolio, apple: Instrument
) -> None:
    other = make_portfolio(alice, name="Other")
    order_id = place_resting(portfolio, apple)
    assert str(order_id) in text_of(page, f"/orders?portfolio={portfolio.id}")
    assert str(order_id) not in text_of(page, f"/orders?portfolio={other.id}")
    assert str(order_id) in text_of(page, "/orders?portfolio=nonsense")


def test_a_filled_order_tells_its_story(
    page: Client, portfolio: Portfolio, apple: Instrument
) -> None:
    order = place(portfolio, apple, quantity="10")
    leading_matcher().work()
    text = text_of(page, f"/orders/{order.id}")
    assert "Filled" in text
    assert "10 of 10" in text
    assert "10 at 100" in text  # the event's quantity and price
    assert "due 5 Mar" in text
    assert "nothing" in text  # held
    assert "cancellation" not in text
    assert str(order.id) in text_of(page, "/orders?status=done")


def test_the_state_line_follows_the_order_until_it_is_done(
    page: Client, portfolio: Portfolio, apple: Instrument
) -> None:
    order = place(portfolio, apple, quantity="10")
    waiting = text_of(page, f"/orders/{order.id}/state")
    assert "load delay:1s, orders-changed from:body" in waiting
    leading_matcher().work()
    done = text_of(page, f"/orders/{order.id}/state")
    assert 'data-status="filled"' in done
    assert "hx-trigger" not in done


def test_cancelling_releases_the_hold(
    page: Client, portfolio: Portfolio, apple: Instrument
) -> None:
    order_id = place_resting(portfolio, apple)
    response = page.post(f"/orders/{order_id}/cancellation", headers=HTMX)
    assert response.status_code == 200
    assert "orders-changed" in response["HX-Trigger"]
    assert "being cancelled" in response.content.decode()
    assert "cancelling…" in text_of(page, "/orders")
    leading_matcher().work()
    assert status_of(order_id) == "canceled"
    assert cash_of(portfolio).held == 0
    assert "nothing" in text_of(page, f"/orders/{order_id}")


def test_without_script_cancelling_leads_to_the_order(
    page: Client, portfolio: Portfolio, apple: Instrument
) -> None:
    order_id = place_resting(portfolio, apple)
    response = page.post(f"/orders/{order_id}/cancellation", follow=True)
    assert response.redirect_chain == [(f"/orders/{order_id}", 302)]
    assert "being cancelled" in response.content.decode()


def test_cancelling_a_finished_order_says_that_it_is(
    page: Client, portfolio: Portfolio, apple: Instrument
) -> None:
    order = place(portfolio, apple, quantity="10")
    leading_matcher().work()
    response = page.post(f"/orders/{order.id}/cancellation", headers=HTMX)
    assert "Nothing to cancel: the order is filled." in response.content.decode()


def test_cancelling_needs_a_post(page: Client, portfolio: Portfolio, apple: Instrument) -> None:
    order_id = place_resting(portfolio, apple)
    assert page.get(f"/orders/{order_id}/cancellation").status_code == 405


def test_a_strangers_order_does_not_exist(
    client: Client, portfolio: Portfolio, apple: Instrument
) -> None:
    order_id = place_resting(portfolio, apple)
    client.force_login(make_user("charlie@example.com"))
    for address in (f"/orders/{order_id}", f"/orders/{order_id}/state", f"/orders/{uuid4()}"):
        assert client.get(address).status_code == 404
    assert client.post(f"/orders/{order_id}/cancellation").status_code == 404
    assert status_of(order_id) == "new"
    assert str(order_id) not in text_of(client, "/orders")


@pytest.mark.parametrize("path", ["/orders", "/orders/01890a5d-ac96-774b-bcce-b302099a8057"])
def test_strangers_without_a_name_sign_in_first(client: Client, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 302
    assert "login" in response["Location"]


def test_many_orders_come_in_pages(page: Client, portfolio: Portfolio, apple: Instrument) -> None:
    for _ in range(51):
        place(portfolio, apple, limit="50", quantity="1")
    assert "Page 1 of 2" in text_of(page, "/orders")
    assert text_of(page, "/orders?page=2").count("data-order=") == 1
    assert text_of(page, "/orders?page=99").count("data-order=") == 1


def test_pages_keep_the_portfolio_that_was_chosen(
    page: Client, portfolio: Portfolio, apple: Instrument
) -> None:
    other = make_portfolio(portfolio.owner, name="Other")
    for _ in range(51):
        place(portfolio, apple, limit="50", quantity="1")
    place(other, apple, limit="50", quantity="1")
    text = text_of(page, f"/orders?portfolio={portfolio.id}")
    assert f"?portfolio={portfolio.id}&amp;page=2" in text
    assert f'href="/fills?portfolio={portfolio.id}"' in text
    assert f'href="?portfolio={other.id}"' in text
    rest = text_of(page, f"/orders?portfolio={portfolio.id}&page=2")
    assert rest.count("data-order=") == 1
    assert text_of(page, f"/orders?portfolio={other.id}").count("data-order=") == 1


def test_every_fill_is_listed_with_its_order_and_settlement(
    page: Client, client: Client, portfolio: Portfolio, apple: Instrument
) -> None:
    publish_quote(apple, ask="100.00")
    order = place(portfolio, apple, quantity="3")
    assert "Nothing has filled yet" in text_of(page, "/fills")
    leading_matcher().work()
    text = text_of(page, "/fills")
    assert f"/orders/{order.id}" in text
    assert ">Buy AAPL</a>" in text
    assert "100.00" in text
    assert "due " in text
    assert "All fills as a file" in text
    assert "Nothing has filled yet" in text_of(page, f"/fills?portfolio={uuid4()}")
    part = page.get("/fills", headers=HTMX).content.decode()
    assert "Buy AAPL" in part
    assert "<html" not in part
    client.force_login(make_user("charlie@example.com"))
    assert "Buy AAPL" not in text_of(client, "/fills")


def test_a_list_of_fills_costs_the_same_queries_however_long(
    page: Client, portfolio: Portfolio, apple: Instrument, django_assert_max_num_queries: object
) -> None:
    publish_quote(apple, ask="100.00")
    for _ in range(20):
        place(portfolio, apple, quantity="1")
    leading_matcher().work()
    with django_assert_max_num_queries(9):  # type: ignore[operator]
        page.get("/fills")


def test_a_list_of_orders_costs_the_same_queries_however_long(
    page: Client, portfolio: Portfolio, apple: Instrument, django_assert_max_num_queries: object
) -> None:
    for _ in range(20):
        place(portfolio, apple, limit="50", quantity="1")
    with django_assert_max_num_queries(9):  # type: ignore[operator]
        page.get("/orders")


@pytest.mark.parametrize("path", ["/orders", "/fills"])
def test_a_page_opens_no_more_sockets_than_it_may_and_asks_for_the_rest(
    page: Client, portfolio: Portfolio, apple: Instrument, settings: LazySettings, path: str
) -> None:
    busy = make_portfolio(portfolio.owner, name="Busy")
    place(busy, apple, limit="50", quantity="1")
    settings.LIMITS = replace(settings.LIMITS, portfolio_sockets_per_page=2)
    text = text_of(page, path)
    assert text.count(" data-portfolio=") == 2
    assert "every 15s" not in text
    settings.LIMITS = replace(settings.LIMITS, portfolio_sockets_per_page=1)
    text = text_of(page, path)
    assert text.count(" data-portfolio=") == 1
    assert f'data-portfolio="{busy.id}"' in text
    assert "every 15s" in text
    assert f'data-portfolio="{portfolio.id}"' in text_of(page, f"{path}?portfolio={portfolio.id}")


def test_all_orders_of_a_portfolio_are_cancelled_from_the_list(
    page: Client, portfolio: Portfolio, apple: Instrument
) -> None:
    order_id = place_resting(portfolio, apple)
    text = text_of(page, "/orders")
    assert f"/portfolios/{portfolio.id}/orders/cancellation" in text
    assert "Cancel every working order of Paper?" in text
    answer = page.post(f"/portfolios/{portfolio.id}/orders/cancellation", headers=HTMX)
    assert "1 order is being cancelled: buy " in answer.content.decode()
    assert " AAPL." in answer.content.decode()
    assert "orders-changed" in answer["HX-Trigger"]
    assert status_of(order_id) == "pending_cancel"
    again = page.post(f"/portfolios/{portfolio.id}/orders/cancellation", follow=True)
    assert "1 order is being cancelled" in again.content.decode()


def test_a_position_is_closed_from_the_desk_and_all_from_the_positions(
    page: Client, portfolio: Portfolio, apple: Instrument
) -> None:
    give_units(portfolio, apple, "10")
    publish_quote(apple, at=timezone.now())
    assert f"/portfolios/{portfolio.id}/positions/XNAS:AAPL/closure" in text_of(
        page, "/instruments/XNAS:AAPL/desk"
    )
    assert f"/portfolios/{portfolio.id}/positions/closure" in text_of(
        page, f"/portfolios/{portfolio.id}/positions"
    )
    address = f"/portfolios/{portfolio.id}/positions/AAPL/closure"
    assert "10 are being sold" in page.post(address, headers=HTMX).content.decode()
    assert "already" in page.post(address, headers=HTMX).content.decode()
    address = f"/portfolios/{portfolio.id}/positions/closure"
    assert "AAPL: Working orders sell" in page.post(address, headers=HTMX).content.decode()


@pytest.mark.parametrize(
    "path", ["orders/cancellation", "positions/closure", "positions/AAPL/closure"]
)
def test_what_acts_on_many_needs_the_owner_and_a_post(
    page: Client, client: Client, portfolio: Portfolio, apple: Instrument, path: str
) -> None:
    address = f"/portfolios/{portfolio.id}/{path}"
    assert page.get(address).status_code == 405
    client.force_login(make_user("charlie@example.com"))
    assert client.post(address).status_code == 404
