"""Orders through the API: placed, filled by the matcher, cancelled, refused, read."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from market.models import Instrument
from portfolio.models import LedgerBalance, Portfolio
from tests.api.clients import Answer, ApiClient, all_items, fields_in, key_for
from tests.factories import make_instrument, make_portfolio, make_quote
from trading.matcher import Matcher
from trading.models import Order

SHAPE = {
    *("id", "client_order_id", "portfolio_id", "symbol", "side", "type", "status", "quantity"),
    *("filled_quantity", "average_fill_price", "limit_price", "submitted_at", "updated_at"),
}


def order_of(portfolio: Portfolio, **changes: Any) -> dict[str, Any]:
    return {
        "portfolio_id": str(portfolio.id),
        "symbol": "AAPL",
        "side": "buy",
        "type": "market",
        "quantity": "10",
    } | changes


def place(api: ApiClient, portfolio: Portfolio, **changes: Any) -> Answer:
    return api.post("/orders", order_of(portfolio, **changes), key=uuid4().hex)


def match() -> None:
    """One pass of the matcher, as its process makes it."""
    matcher = Matcher(shard=0, shards=1, clock=timezone.now)
    assert matcher.lead()
    matcher.work()


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
        ({"type": "trailing_stop"}, "type"),
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


def requests_on(order_id: str, portfolio: Portfolio) -> list[Callable[[ApiClient], Answer]]:
    return [
        lambda api: place(api, portfolio),
        lambda api: api.get(f"/orders/{order_id}"),
        lambda api: api.get(f"/orders/{order_id}/events"),
        lambda api: api.post(f"/orders/{order_id}/cancellation"),
        lambda api: api.get("/orders", portfolio_id=portfolio.id),
        lambda api: api.get("/fills", portfolio_id=portfolio.id),
        lambda api: api.get("/settlements", portfolio_id=portfolio.id),
    ]


def test_a_stranger_finds_nothing_and_changes_nothing(
    api: ApiClient, stranger_api: ApiClient, paper: Portfolio, apple: Instrument
) -> None:
    order = place(api, paper, type="limit", limit_price="90").json()
    for request in requests_on(order["id"], paper):
        assert request(stranger_api).status_code == 404
    for path in ("/orders", "/fills", "/settlements"):
        assert stranger_api.get(path).json() == {"items": [], "next_cursor": None}
    assert stranger_api.get(f"/orders/by-client-id/{order['client_order_id']}").status_code == 404
    assert Order.objects.get().status == "pending_new"


def test_a_key_bound_to_another_portfolio_finds_nothing(
    api: ApiClient, alice: User, paper: Portfolio, apple: Instrument
) -> None:
    order = place(api, paper).json()
    other = make_portfolio(alice, name="Other")
    bound = ApiClient(key_for(alice, portfolio_ids=[other.id]))
    for request in requests_on(order["id"], paper):
        assert request(bound).status_code == 404
    assert bound.get("/orders").json()["items"] == []
    assert place(bound, other).status_code == 201


def test_a_reading_key_cannot_order_or_cancel(
    api: ApiClient, alice: User, paper: Portfolio, apple: Instrument
) -> None:
    order = place(api, paper).json()
    reader = ApiClient(key_for(alice, scopes=["read"]))
    assert place(reader, paper).status_code == 403
    assert reader.post(f"/orders/{order['id']}/cancellation").status_code == 403
    assert reader.get(f"/orders/{order['id']}").status_code == 200


def test_a_cookie_alone_orders_nothing(
    alice: User, paper: Portfolio, apple: Instrument, anonymous: Client
) -> None:
    anonymous.force_login(alice)
    response = anonymous.post(
        "/api/v1/orders",
        order_of(paper),
        content_type="application/json",
        headers={"Idempotency-Key": "once"},
    )
    assert response.status_code == 401
    assert not Order.objects.exists()


def test_orders_are_filtered_and_paged_newest_first(
    api: ApiClient, paper: Portfolio, apple: Instrument
) -> None:
    make_quote(make_instrument("MSFT"))
    ids = [
        place(api, paper, symbol=symbol, quantity="1").json()["id"]
        for symbol in ("AAPL", "MSFT", "AAPL", "MSFT", "AAPL")
    ]
    assert [row["id"] for row in all_items(api, "/orders", limit=2)] == ids[::-1]
    apples = all_items(api, "/orders", limit=2, symbol="AAPL", portfolio_id=paper.id)
    assert [row["id"] for row in apples] == ids[::-2]
    match()
    place(api, paper, type="limit", limit_price="90")
    assert len(all_items(api, "/orders", status="filled")) == 5
    assert len(all_items(api, "/orders", status="open")) == 1
    assert len(all_items(api, "/orders", status="closed,pending_new")) == 6
    assert len(all_items(api, "/fills", limit=2, symbol="MSFT")) == 2
    tomorrow = (timezone.now() + timedelta(days=1)).isoformat()
    assert all_items(api, "/orders", start=tomorrow) == []
    assert len(all_items(api, "/orders", end=tomorrow)) == 6
    bad = api.get("/orders", status="sleeping")
    assert (bad.status_code, fields_in(bad)) == (422, {"status": "unknown"})
    assert api.get("/orders", symbol="NOPE").status_code == 404


def test_a_cursor_of_another_filter_or_caller_is_refused(
    api: ApiClient, stranger_api: ApiClient, paper: Portfolio, apple: Instrument
) -> None:
    for _ in range(3):
        place(api, paper, quantity="1")
    cursor = api.get("/orders", limit=1).json()["next_cursor"]
    assert api.get("/orders", limit=2, cursor=cursor).status_code == 200
    changed = cursor[:-1] + ("A" if cursor[-2:-1] != "A" else "B") + cursor[-1]
    for response in (
        api.get("/orders", cursor=cursor, symbol="AAPL"),
        api.get("/fills", cursor=cursor),
        api.get("/orders", cursor=changed),
        stranger_api.get("/orders", cursor=cursor),
    ):
        assert (response.status_code, response.json()["code"]) == (400, "bad_cursor")


def test_placing_an_order_takes_few_statements(
    api: ApiClient, paper: Portfolio, apple: Instrument
) -> None:
    place(api, paper)  # the key is known from now on
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert place(api, paper).status_code == 201
    # Besides the transaction's own: look for an answer, admit, read the facts, record, answer.
    # Here the quote is one more, from its snapshot, as Valkey is empty.
    statements = [query["sql"] for query in queries if "SAVEPOINT" not in query["sql"]]
    assert len(statements) <= 6, statements
