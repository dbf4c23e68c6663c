"""Whose orders are shown to whom, filtered and in pages."""

from collections.abc import Callable
from datetime import timedelta

from django.test import Client
from django.utils import timezone

from accounts.models import User
from market.models import Instrument
from portfolio.models import Portfolio
from tests.api.clients import Answer, ApiClient, all_items, fields_in, key_for
from tests.api.orders import match, order_of, place
from tests.factories import make_instrument, make_portfolio, make_quote
from trading.models import Order


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
