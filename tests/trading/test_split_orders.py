"""A split takes out the orders placed before it, with their holds, and no others."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta

import pytest
from django.db import connection

from market.models import CorporateAction, Instrument
from tests.trading.factories import (
    NOON,
    Clock,
    cash_of,
    facts,
    give_units,
    leading_matcher,
    make_instrument,
    make_portfolio,
    place,
    publish_quote,
    status_of,
    units_of,
)
from trading.changing.split_orders import cancel_over_splits
from trading.models import OrderCommand, OrderEvent

pytestmark = pytest.mark.django_db

EX_DATE = date(2026, 3, 5)  # the day after NOON
MIDNIGHT = datetime.fromisoformat("2026-03-05T05:00:00+00:00")  # in New York


def split(instrument: Instrument, *, ex_date: date = EX_DATE) -> CorporateAction:
    return CorporateAction.objects.create(
        instrument=instrument,
        kind="split",
        ex_date=ex_date,
        ratio_from=1,
        ratio_to=4,
        source="manual",
    )


def test_orders_of_before_the_split_are_cancelled_and_give_back_their_holds() -> None:
    portfolio, apple, other = make_portfolio(), make_instrument(), make_instrument("MSFT")
    give_units(portfolio, apple, "10")
    for instrument in (apple, other):
        publish_quote(instrument)
    orders = [
        place(portfolio, apple, limit="90", tif="gtc"),
        place(portfolio, apple, side="sell", limit="150", quantity="10", tif="gtc"),
        place(portfolio, apple, stop="120", quantity="1", tif="gtc"),
    ]
    untouched = place(portfolio, other, limit="90", tif="gtc")
    split(apple)
    clock = Clock()
    matcher = leading_matcher(clock)
    matcher.work()
    assert cancel_over_splits(now=MIDNIGHT - timedelta(seconds=1)) == 0
    clock.now = MIDNIGHT
    assert cancel_over_splits(now=MIDNIGHT) == 3
    assert cancel_over_splits(now=MIDNIGHT) == 0
    matcher.work()
    assert {status_of(order) for order in orders} == {"canceled"}
    assert status_of(untouched) == "new"
    assert facts(cash_of(portfolio).held, units_of(portfolio, apple).held) == (900, 0)
    asked = OrderEvent.objects.filter(kind="cancel_requested").order_by("id")
    assert [event.details["reason"] for event in asked] == [
        "A split of 4 for 1 takes effect on 2026-03-05."
    ] * 3


def test_orders_of_the_ex_date_itself_stay() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    publish_quote(apple, at=MIDNIGHT)
    split(apple)
    place(portfolio, apple, limit="90", tif="gtc", at=MIDNIGHT)
    assert cancel_over_splits(now=MIDNIGHT + timedelta(days=3)) == 0


def test_a_split_that_was_cancelled_or_is_long_past_cancels_nothing() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    publish_quote(apple)
    place(portfolio, apple, limit="90", tif="gtc")
    split(apple, ex_date=date(2020, 8, 31))
    gone = split(apple)
    CorporateAction.objects.filter(id=gone.id).update(cancelled_at=NOON)
    assert cancel_over_splits(now=MIDNIGHT) == 0


@pytest.mark.django_db(transaction=True)
def test_many_at_once_ask_once_for_each_order() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    publish_quote(apple)
    for _ in range(6):
        place(portfolio, apple, limit="90", quantity="1", tif="gtc")
    split(apple)
    connection.close()

    def cancel(_: int) -> int:
        try:
            return cancel_over_splits(now=MIDNIGHT)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(cancel, range(4))) == 6
    assert OrderCommand.objects.filter(kind="cancel").count() == 6
