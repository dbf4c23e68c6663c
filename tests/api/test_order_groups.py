"""Orders with exits through the API."""

from typing import Any

from market.models import Instrument
from portfolio.models import Portfolio
from tests.api.clients import ApiClient, fields_in
from tests.api.orders import match, place

BRACKET: dict[str, Any] = {
    "type": "limit",
    "limit_price": "90.00",
    "time_in_force": "gtc",
    "order_class": "bracket",
    "take_profit": {"limit_price": "110"},
    "stop_loss": {"stop_price": "80", "limit_price": "79"},
}


def test_a_bracket_answers_with_its_legs(
    api: ApiClient, paper: Portfolio, apple: Instrument
) -> None:
    placed = place(api, paper, **BRACKET)
    assert placed.status_code == 201, placed.content
    order = placed.json()
    profit, loss = order["legs"]
    assert (order["order_class"], order["parent_id"]) == ("bracket", None)
    assert (profit["type"], profit["limit_price"], profit["side"]) == ("limit", "110", "sell")
    assert (loss["type"], loss["stop_price"], loss["limit_price"]) == ("stop_limit", "80", "79")
    assert {leg["parent_id"] for leg in order["legs"]} == {order["id"]}
    match()
    shown = api.get(f"/orders/{order['id']}").json()
    assert [leg["status"] for leg in shown["legs"]] == ["held", "held"]
    listed = {one["id"]: one for one in api.get("/orders").json()["items"]}
    assert listed[order["id"]] == shown
    assert listed[profit["id"]]["legs"] is None

    api.post(f"/orders/{order['id']}/cancellation")
    match()
    ended = api.get("/orders", status="canceled").json()["items"]
    assert {one["id"] for one in ended} == set(listed)


def test_simple_orders_have_no_legs_and_take_no_exits(
    api: ApiClient, paper: Portfolio, apple: Instrument
) -> None:
    simple = place(api, paper, type="limit", limit_price="90", order_class="simple").json()
    assert (simple["order_class"], simple["legs"]) == ("simple", None)
    refused = place(api, paper, **(BRACKET | {"order_class": None}))
    assert set(fields_in(refused)) == {"take_profit", "stop_loss"}


def test_a_batch_takes_groups_and_answers_with_their_legs(
    api: ApiClient, paper: Portfolio, apple: Instrument
) -> None:
    whole = {"portfolio_id": str(paper.id), "symbol": "AAPL", "side": "buy", "quantity": "1"}
    body = BRACKET | whole
    wrong = body | {"stop_loss": {"stop_price": "95"}}
    answer = api.post("/orders/batch", {"orders": [body, wrong]}, key="batch").json()
    placed, refused = answer["items"]
    assert (answer["placed"], answer["refused"]) == (1, 1)
    assert [leg["type"] for leg in placed["order"]["legs"]] == ["limit", "stop_limit"]
    assert [one["field"] for one in refused["problems"]] == ["stop_loss.stop_price"]
    match()
    shown = api.get(f"/orders/{placed['order']['id']}").json()
    assert [leg["status"] for leg in shown["legs"]] == ["held", "held"]
    again = api.post("/orders/batch", {"orders": [body]}, key="other").json()["items"][0]
    assert again["outcome"] == "placed"  # under another name
