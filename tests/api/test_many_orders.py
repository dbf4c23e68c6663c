"""Cancelling all orders and closing positions through the API, with an outcome each."""

from __future__ import annotations

from uuid import uuid4

from market.models import Instrument
from portfolio.models import Portfolio
from tests.api.clients import ApiClient
from tests.api.orders import match, order_of, place
from trading.models import Order


def hold_ten(api: ApiClient, paper: Portfolio) -> None:
    assert place(api, paper).status_code == 201
    match()


def test_all_working_orders_are_cancelled_with_an_outcome_each(
    api: ApiClient, paper: Portfolio, apple: Instrument
) -> None:
    resting = place(api, paper, type="limit", limit_price="90").json()
    held = place(api, paper, type="stop", stop_price="120").json()
    match()
    api.post(f"/orders/{held['id']}/cancellation")

    asked = api.post(f"/portfolios/{paper.id}/orders/cancellation")
    assert asked.status_code == 202, asked.content
    outcomes = {one["order_id"]: (one["status"], one["outcome"]) for one in asked.json()["items"]}
    assert outcomes == {
        resting["id"]: ("pending_cancel", "requested"),
        held["id"]: ("pending_cancel", "already_requested"),
    }
    match()
    assert set(Order.objects.values_list("status", flat=True)) == {"canceled"}
    assert api.post(f"/portfolios/{paper.id}/orders/cancellation").json() == {"items": []}


def test_a_position_is_closed_once_per_key(
    api: ApiClient, paper: Portfolio, apple: Instrument
) -> None:
    hold_ten(api, paper)
    path = f"/portfolios/{paper.id}/positions/AAPL/closure"
    closed = api.post(path, key="once")
    assert closed.status_code == 201, closed.content
    answer = closed.json()
    assert (answer["outcome"], answer["order"]["quantity"], answer["units_left"]) == (
        "placed",
        "10",
        "0",
    )
    assert api.post(path, key="once").content == closed.content
    assert api.post(path, key="again").json()["errors"][0]["code"] == "nothing_left"
    assert Order.objects.filter(side="sell").count() == 1


def test_all_positions_are_closed_with_an_outcome_each(
    api: ApiClient, paper: Portfolio, apple: Instrument
) -> None:
    hold_ten(api, paper)
    closed = api.post(f"/portfolios/{paper.id}/positions/closure", key="once")
    assert closed.status_code == 201, closed.content
    (one,) = closed.json()["items"]
    assert (one["symbol"], one["outcome"], one["problems"]) == ("AAPL", "placed", [])
    (again,) = api.post(f"/portfolios/{paper.id}/positions/closure", key="two").json()["items"]
    assert (again["outcome"], again["order"]) == ("refused", None)
    assert again["problems"][0]["code"] == "nothing_left"


def test_strangers_reach_nothing_of_it(
    stranger_api: ApiClient, paper: Portfolio, apple: Instrument
) -> None:
    for path in ("orders/cancellation", "positions/closure", "positions/AAPL/closure"):
        answer = stranger_api.post(f"/portfolios/{paper.id}/{path}", key=f"key-{path[:5]}")
        assert answer.status_code == 404, answer.content


def test_a_batch_answers_for_each_in_its_place_and_once_per_key(
    api: ApiClient, paper: Portfolio, apple: Instrument, stranger_api: ApiClient
) -> None:
    body = {
        "orders": [
            order_of(paper, quantity="1"),
            order_of(paper, symbol="NOPE"),
            order_of(paper, quantity="0.5", client_order_id="mine"),
            order_of(paper, type="trailing_stop", side="sell", trail_pct="5"),
            order_of(paper, type="stop", stop_price="120", client_order_id="stop"),
        ]
    }
    answer = api.post("/orders/batch", body, key="once")
    assert answer.status_code == 200, answer.content
    told = answer.json()
    codes = [[problem["code"] for problem in item["problems"]] for item in told["items"]]
    assert codes == [
        [],
        ["unknown_symbol"],
        ["off_lot"],
        ["insufficient_units"],
        [],
    ]
    assert (told["placed"], told["repeated"], told["refused"]) == (2, 0, 3)
    assert told["items"][0]["order"]["client_order_id"] == "once:0"
    assert told["items"][4]["order"]["stop_price"] == "120"
    assert api.post("/orders/batch", body, key="once").content == answer.content
    again = api.post("/orders/batch", {"orders": [body["orders"][4]]}, key="other").json()
    assert again["items"][0]["outcome"] == "repeated"
    body["orders"].append(order_of(paper) | {"portfolio_id": str(uuid4())})
    for caller in (api, stranger_api):
        assert caller.post("/orders/batch", body, key="strange").status_code == 404
    assert Order.objects.count() == 2


def test_a_batch_that_is_no_list_of_orders_is_refused_whole(
    api: ApiClient, paper: Portfolio, apple: Instrument
) -> None:
    fine = order_of(paper, quantity="1")
    for orders in ([], [fine] * 501, [fine, {"side": "buy"}], "all"):
        answer = api.post("/orders/batch", {"orders": orders}, key="once")
        assert answer.status_code == 422, answer.content
    assert api.post("/orders/batch", {"orders": [fine]}).status_code == 400
    assert not Order.objects.exists()
