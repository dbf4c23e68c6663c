"""Cancelling all orders and closing positions through the API, with an outcome each."""

from __future__ import annotations

from market.models import Instrument
from portfolio.models import Portfolio
from tests.api.clients import ApiClient
from tests.api.orders import match, place
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
