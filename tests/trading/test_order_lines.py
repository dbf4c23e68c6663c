"""What draws the lines of own working orders on the chart of an instrument."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from portfolio.models import Portfolio
from tests.trading.factories import (
    give_units,
    leading_matcher,
    make_instrument,
    make_portfolio,
    make_user,
    place,
    publish_quote,
)
from trading.changing.cancellation import cancel_order

pytestmark = pytest.mark.django_db


def lines_of(portfolio: Portfolio) -> list[dict[str, Any]]:
    page = Client()
    page.force_login(portfolio.owner)
    answer: dict[str, Any] = page.get("/instruments/AAPL/own-marks").json()
    return list(answer["lines"])


def test_limits_and_stops_have_a_line_each_at_what_they_wait_for() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    give_units(portfolio, apple, "30")
    publish_quote(apple)
    limit = place(portfolio, apple, limit="90.5", tif="gtc")
    stop = place(portfolio, apple, side="sell", stop="80", limit="79", quantity="5", tif="gtc")
    trailing = place(portfolio, apple, side="sell", trail="2%", quantity="5", tif="gtc")
    ending = place(portfolio, apple, limit="85", tif="gtc")
    leading_matcher().work()
    cancel_order(order_id=ending.id, requested_at=limit.submitted_at)

    told = {line["order_id"]: line for line in lines_of(portfolio)}

    assert set(told) == {str(limit.id), str(stop.id), str(trailing.id)}
    assert told[str(limit.id)] == {
        "order_id": str(limit.id),
        "side": "buy",
        "kind": "limit",
        "price": "90.50",
        "tick": "0.01",
        "words": "Buy 10 limit",
        "address": f"/orders/{limit.id}/replacement",
    }
    assert (told[str(stop.id)]["kind"], told[str(stop.id)]["price"]) == ("stop", "80.00")
    follows = told[str(trailing.id)]
    trailing.refresh_from_db()
    assert (follows["kind"], follows["address"]) == ("trailing stop", None)
    assert follows["words"] == "Sell 5 trailing stop"
    assert Decimal(follows["price"]) == trailing.stop_price
    assert lines_of(make_portfolio(make_user("charlie@example.com"))) == []


@pytest.mark.parametrize(
    ("fields", "asked", "shown"),
    [
        ({"limit": "90"}, "limit_price=91.25", "91.25"),
        ({"stop": "110"}, "stop_price=111.5", "111.5"),
        ({"limit": "90"}, "stop_price=7", "90"),
    ],
)
def test_the_form_begins_with_the_price_a_line_was_moved_to(
    fields: dict[str, Any], asked: str, shown: str
) -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    publish_quote(apple)
    order = place(portfolio, apple, tif="gtc", **fields)
    page = Client()
    page.force_login(portfolio.owner)
    form = page.get(f"/orders/{order.id}/replacement?{asked}").content.decode()
    assert f'value="{shown}"' in form
    assert ('id="change_stop_price"' in form) == ("stop" in fields)
