"""Cancelling: it works, it is refused, it is repeated."""

from __future__ import annotations

from uuid import uuid4

import pytest

from accounts.identifiers import new_id
from tests.trading.factories import (
    NOON,
    cash_of,
    facts,
    leading_matcher,
    make_instrument,
    make_portfolio,
    place,
    publish_quote,
    status_of,
)
from trading.models import OrderCommand, OrderEvent
from trading.orders import OrderFinished, OrderUnknown, cancel_order

pytestmark = pytest.mark.django_db


def test_it_waits_for_the_matcher_and_keeps_the_hold_until_then() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    order = place(portfolio, apple, limit="99")
    actor_id = new_id()
    canceled = cancel_order(order_id=order.id, requested_at=NOON, actor_id=actor_id)
    assert canceled.status == status_of(order) == "pending_cancel"
    assert cash_of(portfolio).held == 990
    event = OrderEvent.objects.filter(order=order).latest("id")
    assert facts(event.kind, event.actor_id) == ("cancel_requested", actor_id)

    leading_matcher().work()

    assert status_of(order) == "canceled"
    assert cash_of(portfolio).held == 0
    assert OrderEvent.objects.filter(order=order).latest("id").actor_id == actor_id


def test_repeating_it_changes_nothing() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    order = place(portfolio, apple, limit="99")
    cancel_order(order_id=order.id, requested_at=NOON)
    cancel_order(order_id=order.id, requested_at=NOON)
    assert OrderCommand.objects.filter(kind="cancel").count() == 1


def test_a_partly_filled_order_keeps_its_fills() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    publish_quote(apple, asks=[("100.00", "4")])
    order = place(portfolio, apple, quantity="10", limit="100.00")
    matcher = leading_matcher()
    matcher.work()
    cancel_order(order_id=order.id, requested_at=NOON)
    matcher.work()
    order.refresh_from_db()
    assert facts(order.status, order.filled_quantity) == ("canceled", 4)
    assert facts(cash_of(portfolio).held, cash_of(portfolio).available) == (0, 99_600)


def test_an_order_that_fills_before_the_cancellation_is_reached_stays_filled() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    publish_quote(apple)
    order = place(portfolio, apple)
    cancel_order(order_id=order.id, requested_at=NOON)
    leading_matcher().work()
    assert status_of(order) == "filled"


def test_a_finished_order_is_refused() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    publish_quote(apple)
    order = place(portfolio, apple)
    leading_matcher().work()
    with pytest.raises(OrderFinished) as caught:
        cancel_order(order_id=order.id, requested_at=NOON)
    assert caught.value.status == "filled"


def test_an_unknown_order_is_said_to_be_unknown() -> None:
    with pytest.raises(OrderUnknown):
        cancel_order(order_id=uuid4(), requested_at=NOON)
