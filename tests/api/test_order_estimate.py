"""What an order would come to, asked through the API: judged as placing judges, nothing kept."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts.models import IdempotentAnswer, User
from market.models import Instrument
from portfolio.models import Hold, Portfolio
from tests.api.clients import Answer, ApiClient, fields_in, key_for
from tests.api.orders import order_of, place
from trading.models import Order, OrderEntryStop


def estimate(api: ApiClient, portfolio: Portfolio, **changes: Any) -> Answer:
    return api.post("/orders/estimate", order_of(portfolio, **changes))


def told(api: ApiClient, portfolio: Portfolio, **changes: Any) -> dict[str, Any]:
    answer = estimate(api, portfolio, **changes)
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    return found


def codes(found: dict[str, Any]) -> set[tuple[str, str]]:
    return {(problem["field"], problem["code"]) for problem in found["problems"]}


def test_it_says_what_the_order_would_come_to_and_keeps_nothing(
    api: ApiClient, paper: Portfolio, apple: Instrument
) -> None:
    found = told(api, paper, type="limit", limit_price="100.00", time_in_force="gtc")
    assert found == {
        "symbol": "AAPL",
        "currency": "USD",
        "reference_price": "100.01",
        "quantity": "10",
        "cost": "1000",
        "fees": "0",
        "reserved": "1000",
        "buying_power": "100000",
        "buying_power_after": "99000",
        "works_from": None,
        "expires_at": None,
        "repeats": None,
        "problems": [],
    }
    assert not Order.objects.exists()
    assert not Hold.objects.exists()
    assert not IdempotentAnswer.objects.exists()


def test_it_foretells_what_placing_reserves_and_when_the_order_ends(
    api: ApiClient, paper: Portfolio, apple: Instrument
) -> None:
    found = told(api, paper, notional="555", quantity=None)
    placed = place(api, paper, notional="555", quantity=None).json()
    assert found["quantity"] == placed["quantity"]
    assert found["expires_at"] == placed["expires_at"]
    hold = Hold.objects.get()
    assert Decimal(found["reserved"]) == hold.amount
    left = told(api, paper)["buying_power"]
    assert left == found["buying_power_after"]


def test_a_sale_reserves_units_and_no_buying_power(
    api: ApiClient, paper: Portfolio, apple: Instrument
) -> None:
    found = told(api, paper, side="sell")
    assert (found["cost"], found["reserved"]) == ("999.9", "10")
    assert found["buying_power_after"] == found["buying_power"] == "100000"
    assert codes(found) == {("quantity", "insufficient_units")}


WRONG: list[dict[str, Any]] = [
    {"quantity": "-5"},
    {"quantity": "1.5"},
    {"quantity": "1000000"},
    {"quantity": None},
    {"notional": "100"},
    {"symbol": "NOPE"},
    {"type": "limit"},
    {"type": "limit", "limit_price": "100.001"},
    {"type": "stop", "stop_price": "110", "time_in_force": "fok"},
    {"type": "trailing_stop"},
    {"limit_price": "5"},
    {"time_in_force": "cls"},
    {"extended_hours": True},
    {"client_order_id": "x" * 129},
    {"order_class": "bracket", "take_profit": {"limit_price": "50"}},
    {"take_profit": {"limit_price": "120"}},
]


@pytest.mark.parametrize("changes", WRONG, ids=str)
def test_it_names_what_placing_would_be_refused_for(
    api: ApiClient, paper: Portfolio, apple: Instrument, changes: dict[str, Any]
) -> None:
    found = told(api, paper, **changes)
    refused = place(api, paper, **changes)
    assert refused.status_code == 422, refused.content
    assert found["problems"] == refused.json()["errors"]


def test_of_an_unknown_symbol_it_knows_no_figure(api: ApiClient, paper: Portfolio) -> None:
    found = told(api, paper, symbol="NOPE")
    figures = set(found) - {"symbol", "problems"}
    assert {name: found[name] for name in figures} == dict.fromkeys(figures)


def test_a_group_is_estimated_with_its_exits(
    api: ApiClient, paper: Portfolio, apple: Instrument
) -> None:
    exits = {"take_profit": {"limit_price": "110"}, "stop_loss": {"stop_price": "90"}}
    assert codes(told(api, paper, order_class="bracket", **exits)) == set()
    exits["stop_loss"] = {"stop_price": "105"}
    found = told(api, paper, order_class="bracket", **exits)
    assert codes(found) == {("stop_loss.stop_price", "wrong_side")}


def test_what_is_no_order_is_refused_as_always(
    api: ApiClient, paper: Portfolio, apple: Instrument
) -> None:
    for changes in ({"side": "hold"}, {"quantity": "many"}, {"unheard_of": 1}):
        answer = estimate(api, paper, **changes)
        assert answer.status_code == 422
        assert set(fields_in(answer)) == set(changes)


def test_a_client_order_id_that_is_taken(
    api: ApiClient, paper: Portfolio, apple: Instrument
) -> None:
    placed = place(api, paper, client_order_id="mine").json()
    again = told(api, paper, client_order_id="mine")
    assert (again["repeats"], again["problems"]) == (placed["id"], [])
    other = told(api, paper, client_order_id="mine", quantity="11")
    assert codes(other) == {("client_order_id", "duplicate_client_order_id")}
    assert other["repeats"] is None


def test_while_order_entry_is_stopped_it_still_answers(
    api: ApiClient, paper: Portfolio, apple: Instrument
) -> None:
    OrderEntryStop.objects.create(reason="The books are wrong", stopped_at=timezone.now())
    found = told(api, paper)
    assert codes(found) == {("", "order_entry_stopped")}
    assert found["cost"] == "1000.1"


def test_only_who_may_trade_is_answered(
    api: ApiClient, stranger_api: ApiClient, alice: User, paper: Portfolio, apple: Instrument
) -> None:
    assert estimate(stranger_api, paper).status_code == 404
    assert estimate(api, paper, portfolio_id=str(uuid4())).status_code == 404
    reader = ApiClient(key_for(alice, scopes=("read",)))
    assert estimate(reader, paper).json()["code"] == "scope_missing"
    elsewhere = ApiClient(key_for(alice, portfolio_ids=[uuid4()]))
    assert estimate(elsewhere, paper).status_code == 404
