"""Replacing again, and what cannot be replaced."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.trading.factories import (
    NOON,
    leading_matcher,
    make_instrument,
    make_portfolio,
    place,
    publish_quote,
    status_of,
)
from tests.trading.replacing import ask
from trading.changing.cancellation import cancel_order
from trading.changing.replacement import Changes, replace_order
from trading.errors import (
    DuplicateClientOrderId,
    OrderBusy,
    OrderDenied,
    OrderFinished,
    OrderUnknown,
)
from trading.models import OrderCommand

pytestmark = pytest.mark.django_db


def test_the_same_client_order_id_gives_the_same_order() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    old = place(portfolio, apple, limit="90", tif="gtc")
    new = ask(old, limit_price="80", client_order_id="mine")
    assert ask(old, limit_price="80", client_order_id="mine").id == new.id
    assert OrderCommand.objects.filter(kind="replace").count() == 1
    with pytest.raises(DuplicateClientOrderId):
        ask(old, limit_price="81", client_order_id="mine")


def test_what_is_busy_finished_or_unknown_is_refused() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    publish_quote(apple)
    old = place(portfolio, apple, limit="90", tif="gtc")
    new = ask(old, limit_price="80")
    for busy in (old, new):
        with pytest.raises(OrderBusy):
            ask(busy, limit_price="81")
    leading_matcher().work()
    with pytest.raises(OrderFinished) as caught:
        ask(old, limit_price="81")
    assert caught.value.status == "replaced"
    cancel_order(order_id=new.id, requested_at=NOON)
    with pytest.raises(OrderBusy):
        ask(new, limit_price="81")
    with pytest.raises(OrderUnknown):
        replace_order(order_id=uuid4(), changes=Changes(), requested_at=NOON)


@pytest.mark.parametrize(
    ("changes", "problems"),
    [
        ({}, {("", "unchanged")}),
        ({"quantity": "4"}, {("quantity", "filled_already")}),
        ({"quantity": "-1"}, {("quantity", "not_positive")}),
        ({"quantity": "NaN"}, {("quantity", "not_positive")}),
        ({"stop_price": "80"}, {("stop_price", "superfluous")}),
        (
            {"limit_price": "0.001", "trail_pct": "3"},
            {("limit_price", "off_tick"), ("trail_pct", "superfluous")},
        ),
        ({"limit_price": "900"}, {("limit_price", "out_of_band")}),
        ({"client_order_id": ""}, {("client_order_id", "bad_length")}),
    ],
)
def test_every_problem_is_named_at_its_field(
    changes: dict[str, Any], problems: set[tuple[str, str]]
) -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    publish_quote(apple, asks=[("100.00", "4")])
    old = place(portfolio, apple, quantity="10", limit="100", tif="gtc")
    leading_matcher().work()
    with pytest.raises(OrderDenied) as caught:
        ask(old, **changes)
    assert {(problem.field, problem.code) for problem in caught.value.problems} == problems
    assert status_of(old) == "partially_filled"
