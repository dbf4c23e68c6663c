"""The form that changes a working order."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.trading.factories import (
    facts,
    leading_matcher,
    make_instrument,
    make_portfolio,
    make_user,
    place,
    publish_quote,
    status_of,
)
from trading.models import Order

pytestmark = pytest.mark.django_db


@pytest.fixture
def order() -> Order:
    apple = make_instrument()
    publish_quote(apple)
    order = place(make_portfolio(make_user()), apple, limit="50", quantity="10", tif="gtc")
    leading_matcher().work()
    return order


@pytest.fixture
def page(client: Client, order: Order) -> Client:
    client.force_login(order.portfolio.owner)
    return client


def form_of(order: Order, **changed: str) -> dict[str, str]:
    terms = {"quantity": "10", "limit_price": "50", "time_in_force": "gtc"}
    return terms | {"client_order_id": "drawn-up"} | changed


def test_it_shows_the_terms_that_the_order_has(page: Client, order: Order) -> None:
    text = page.get(f"/orders/{order.id}/replacement").content.decode()
    assert 'name="limit_price" value="50"' in text
    assert 'name="stop_price"' not in text
    assert f"/orders/{order.id}/replacement" in page.get("/orders").content.decode()
    wanted = page.get(f"/orders/{order.id}/replacement?limit_price=51.20").content.decode()
    assert 'name="limit_price" value="51.20"' in wanted


def test_it_leads_to_the_new_order(page: Client, order: Order) -> None:
    answer = page.post(f"/orders/{order.id}/replacement", form_of(order, limit_price="51"))
    new = Order.objects.get(client_order_id="drawn-up")
    assert facts(answer.status_code, answer.headers["location"]) == (302, f"/orders/{new.id}")
    assert facts(new.limit_price, new.quantity, status_of(order)) == (51, 10, "pending_replace")
    again = page.post(f"/orders/{order.id}/replacement", form_of(order, limit_price="51"))
    assert again.headers["location"] == f"/orders/{new.id}"
    leading_matcher().work()
    story = page.get(f"/orders/{order.id}").content.decode()
    assert "Replaced by" in story
    assert f"/orders/{new.id}" in story


def test_in_a_dialog_it_says_that_it_is_done(page: Client, order: Order) -> None:
    answer = page.post(
        f"/orders/{order.id}/replacement",
        form_of(order, quantity="4"),
        headers={"hx-request": "true"},
    )
    assert facts(answer.status_code, answer.headers["hx-retarget"]) == (200, "#messages")
    assert {"form-done", "orders-changed"} <= set(answer.headers["hx-trigger"].split('"'))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        pytest.param({}, "Say what is to change", id="nothing"),
        pytest.param({"limit_price": "0.001"}, "must be a multiple of", id="off the tick"),
        pytest.param({"limit_price": "x"}, "This is not a number", id="no number"),
        pytest.param({"quantity": "1000000"}, "buying power is", id="too much"),
    ],
)
def test_problems_stand_at_their_fields(
    page: Client, order: Order, changed: dict[str, str], words: str
) -> None:
    answer = page.post(f"/orders/{order.id}/replacement", form_of(order, **changed))
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert status_of(order) == "new"


def test_of_a_stranger_there_is_no_such_order(client: Client, order: Order) -> None:
    client.force_login(make_user("charlie@example.com"))
    assert client.get(f"/orders/{order.id}/replacement").status_code == 404
    assert client.post(f"/orders/{order.id}/replacement", form_of(order)).status_code == 404


def test_of_an_exchange_without_auctions_none_is_offered(page: Client, order: Order) -> None:
    """In tests, as in the demo, no exchange ever closes."""
    path = f"/orders/{order.id}/replacement"
    assert 'value="opg"' not in page.get(path).content.decode()
    refused = page.post(path, form_of(order, time_in_force="opg"))
    assert refused.status_code == 422
    assert "it has no auctions" in refused.content.decode()
