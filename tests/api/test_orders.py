"""Orders through the API: placed, filled by the matcher, cancelled, refused."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import IdempotentAnswer, User
from market.models import Instrument
from portfolio.models import LedgerBalance, Portfolio
from tests.api.clients import Answer, ApiClient, fields_in, key_for
from tests.api.orders import match, order_of, place
from tests.factories import make_instrument, make_portfolio, make_quote
from trading.models import Order

SHAPE = {
    *("id", "client_order_id", "portfolio_id", "symbol", "side", "type", "status", "quantity"),
    *("filled_quantity", "average_fill_price", "limit_price", "submitted_at", "updated_at"),
}


def test_a_market_order_is_accepted_then_filled_and_everything_follows(
    api: ApiClient, paper: Portfolio, apple: Instrument
) -> None:
    placed = place(api, paper)
    assert placed.status_code == 201, placed.content
    order = placed.json()
    assert set(order) >= SHAPE
    assert (order["status"], order["quantity"], order["symbol"]) == ("pending_new", "10", "AAPL")

    match()

    order = api.get(f"/orders/{order['id']}").json()
    assert (order["status"], order["filled_quantity"]) == ("filled", "10")
    assert order["average_fill_price"] == "100.01"
    (fill,) = api.get("/fills").json()["items"]
    assert (fill["price"], fill["quantity"], fill["order_id"]) == ("100.01", "10", order["id"])
    (settlement,) = api.get("/settlements", status="waiting").json()["items"]
    assert (settlement["fill_id"], settlement["settled_at"]) == (fill["id"], None)
    portfolio = api.get(f"/portfolios/{paper.id}").json()
    assert (portfolio["cash"], portfolio["settled_cash"]) == ("98999.9", "100000")
    assert portfolio["market_value"] == "1000"
    (position,) = api.get(f"/portfolios/{paper.id}/positions").json()["items"]
    assert (position["symbol"], position["quantity"], position["cost"]) == ("AAPL", "10", "1000.1")
    events = api.get(f"/orders/{order['id']}/events").json()["items"]
    assert [event["kind"] for event in events] == ["placed", "filled"]


def test_a_limit_order_rests_and_its_cancellation_releases_the_hold(
    api: ApiClient, paper: Portfolio, apple: Instrument
) -> None:
    order = place(api, paper, type="limit", limit_price="90.00", time_in_force="gtc").json()
    match()
    assert api.get(f"/orders/{order['id']}").json()["status"] == "new"
    assert LedgerBalance.objects.get(portfolio=paper).held == 900

    asked = api.post(f"/orders/{order['id']}/cancellation")
    assert (asked.status_code, asked.json()["status"]) == (202, "pending_cancel")
    match()
    assert api.get(f"/orders/{order['id']}").json()["status"] == "canceled"
    assert LedgerBalance.objects.get(portfolio=paper).held == 0
    again = api.post(f"/orders/{order['id']}/cancellation")
    assert (again.status_code, again.json()["code"]) == (409, "order_finished")


def test_numbers_may_be_json_numbers_and_stay_exact(
    api: ApiClient, paper: Portfolio, apple: Instrument
) -> None:
    body = (
        f'{{"portfolio_id": "{paper.id}", "symbol": "aapl", "side": "buy", "type": "limit",'
        ' "quantity": 3, "limit_price": 10.05, "stop_price": null}'
    )
    placed = api.post("/orders", body, key="once")
    assert placed.status_code == 201, placed.content
    assert placed.json()["limit_price"] == "10.05"
    assert placed.json()["symbol"] == "AAPL"
    assert str(Order.objects.get().limit_price) == "10.05000000"


@pytest.mark.parametrize(
    ("literal", "field"),
    [
        ("1e400", "quantity"),
        ("1e99999999999", "quantity"),
        ("NaN", "quantity"),
        ("-Infinity", "quantity"),
        ("-5", "quantity"),
        ("0", "quantity"),
        ("0.5", "quantity"),
        ('"abc"', "quantity"),
        ('"1e400"', "quantity"),
        ('""', "quantity"),
        ("true", "quantity"),
        ("[1]", "quantity"),
        ("1.00000000001", "quantity"),
        ("9" * 400, "quantity"),
    ],
)
def test_a_bad_quantity_is_refused_by_field(
    api: ApiClient, paper: Portfolio, apple: Instrument, literal: str, field: str
) -> None:
    body = (
        f'{{"portfolio_id": "{paper.id}", "symbol": "AAPL", "side": "buy", "type": "market",'
        f' "quantity": {literal}}}'
    )
    response = api.post("/orders", body, key="once")
    assert response.status_code == 422, response.content
    assert field in fields_in(response)
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"symbol": "NOPE"}, "symbol"),
        ({"side": "steal"}, "side"),
        ({"type": "bracket"}, "type"),
        ({"type": "trailing_stop"}, "trail_amount"),
        ({"time_in_force": "never"}, "time_in_force"),
        ({"quantity": None}, "quantity"),
        ({"notional": "100"}, "notional"),
        ({"type": "limit"}, "limit_price"),
        ({"limit_price": "100"}, "limit_price"),
        ({"type": "limit", "limit_price": "99.999"}, "limit_price"),
        ({"quantity": "100000"}, "quantity"),
        ({"side": "sell"}, "quantity"),
        ({"stop_price": "90"}, "stop_price"),
        ({"color": "red"}, "color"),
        ({"client_order_id": "x" * 200}, "client_order_id"),
        ({"portfolio_id": "mine"}, "portfolio_id"),
    ],
)
def test_a_bad_order_is_refused_by_field(
    api: ApiClient, paper: Portfolio, apple: Instrument, changes: dict[str, Any], field: str
) -> None:
    response = place(api, paper, **changes)
    assert response.status_code == 422, response.content
    assert field in fields_in(response)
    assert not Order.objects.exists()


def test_an_ambiguous_symbol_is_refused_by_field(
    api: ApiClient, paper: Portfolio, apple: Instrument
) -> None:
    make_instrument("AAPL", mic="XLON")
    assert fields_in(place(api, paper)) == {"symbol": "ambiguous_symbol"}
    placed = place(api, paper, symbol="xnas:aapl")
    assert (placed.status_code, placed.json()["symbol"]) == (201, "AAPL")


def test_an_instrument_no_longer_traded_is_refused(
    api: ApiClient, paper: Portfolio, apple: Instrument
) -> None:
    apple.is_active = False
    apple.save()
    assert fields_in(place(api, paper)) == {"symbol": "inactive"}


def test_everything_wrong_is_named_at_once(
    api: ApiClient, paper: Portfolio, apple: Instrument
) -> None:
    response = place(api, paper, symbol="NOPE", type="limit", quantity="-1")
    assert set(fields_in(response)) == {"symbol", "limit_price", "quantity"}


def test_an_order_needs_an_idempotency_key(
    api: ApiClient, paper: Portfolio, apple: Instrument
) -> None:
    response = api.post("/orders", order_of(paper))
    assert (response.status_code, response.json()["code"]) == (400, "idempotency_key_missing")
    assert not Order.objects.exists()


def test_the_same_request_again_is_answered_byte_for_byte_and_orders_nothing(
    api: ApiClient, paper: Portfolio, apple: Instrument
) -> None:
    first = api.post("/orders", order_of(paper), key="once")
    match()  # the order is filled by now, and the answer still what it was
    again = api.post("/orders", order_of(paper), key="once")
    assert (again.status_code, again.content) == (201, first.content)
    assert again["Idempotent-Replayed"] == "true"
    changed = api.post("/orders", order_of(paper, quantity="11"), key="once")
    assert changed.status_code == 422
    assert Order.objects.count() == 1


def test_a_key_whose_answer_has_expired_places_a_new_order(
    api: ApiClient, paper: Portfolio, apple: Instrument
) -> None:
    first = api.post("/orders", order_of(paper, client_order_id="first"), key="once")
    IdempotentAnswer.objects.update(created_at=timezone.now() - timedelta(days=7, seconds=1))
    second = api.post("/orders", order_of(paper, client_order_id="second"), key="once")
    assert (second.status_code, Order.objects.count()) == (201, 2)
    assert second.content != first.content
    again = api.post("/orders", order_of(paper, client_order_id="second"), key="once")
    assert (again.content, again["Idempotent-Replayed"]) == (second.content, "true")


def test_a_long_key_is_remembered_without_a_client_order_id(
    api: ApiClient, paper: Portfolio, apple: Instrument
) -> None:
    first = api.post("/orders", order_of(paper), key="k" * 200)
    assert api.post("/orders", order_of(paper), key="k" * 200).content == first.content
    assert Order.objects.get().client_order_id == first.json()["id"]


@pytest.mark.django_db(transaction=True)
def test_the_same_request_many_times_at_once_places_one_order() -> None:
    owner = User.objects.create_user("alice@example.com", tier="premium")
    paper, key = make_portfolio(owner), key_for(owner)
    make_quote(make_instrument("AAPL"))
    gate = threading.Barrier(8)

    def send(_: int) -> Answer:
        try:
            gate.wait()
            return ApiClient(key).post("/orders", order_of(paper), key="k" * 200)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(8)))
    assert Order.objects.count() == 1
    assert LedgerBalance.objects.get(portfolio=paper).held > 0
    assert {answer.status_code for answer in answers} <= {201, 409}
    done = [answer for answer in answers if answer.status_code == 201]
    assert len({answer.content for answer in done}) == 1
    assert sum("Idempotent-Replayed" not in answer for answer in done) == 1


def test_the_client_order_id_is_the_idempotency_key_unless_given(
    api: ApiClient, paper: Portfolio, apple: Instrument
) -> None:
    assert api.post("/orders", order_of(paper), key="k-1").json()["client_order_id"] == "k-1"
    named = api.post("/orders", order_of(paper, client_order_id="mine/1"), key="k-2").json()
    assert named["client_order_id"] == "mine/1"
    found = api.get("/orders/by-client-id/mine/1").json()
    assert found["id"] == named["id"]
    assert api.get("/orders/by-client-id/other").status_code == 404


def test_a_client_order_id_of_another_order_is_a_conflict(
    api: ApiClient, paper: Portfolio, apple: Instrument
) -> None:
    first = place(api, paper, client_order_id="mine").json()
    assert place(api, paper, client_order_id="mine").json()["id"] == first["id"]
    other = place(api, paper, client_order_id="mine", quantity="11")
    assert (other.status_code, other.json()["code"]) == (409, "duplicate_client_order_id")


def test_placing_an_order_takes_few_statements(
    api: ApiClient, paper: Portfolio, apple: Instrument
) -> None:
    place(api, paper)  # the key is known from now on
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert place(api, paper).status_code == 201
    # One to look, which psycopg sends past Django, one to record order and answer, and no
    # transaction around them. Here the quote is one more, from its snapshot: Valkey is empty.
    assert len(queries) == 2, [query["sql"] for query in queries]
