"""Another order takes over from a live one: once, and known or said to be unknown."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from accounts.errors import NotFound
from integrations.brokers.adapters import catalogue
from integrations.connections.arming import NotArmed
from integrations.live_orders import placing, replacing
from integrations.live_orders.cancelling import cancel_live_order
from integrations.live_orders.changes import LiveChanges
from integrations.live_orders.errors import (
    LiveOrderBusy,
    LiveOrderEnded,
    LiveOrderIdTaken,
    LiveOrderRefused,
)
from integrations.models import LiveOrder, OutboxEvent
from tests.factories import make_user
from tests.integrations.live_orders.desk import LiveOrderDesk, refuse_orders, take_and_hang
from trading.order_entry.stops import OrderEntryStopped
from trading.states import OrderType, TimeInForce

LIMIT = {"type": OrderType.LIMIT, "limit_price": Decimal(100)}


@pytest.fixture(autouse=True)
def short_answers(settings: Settings) -> None:
    settings.LIMITS = replace(settings.LIMITS, broker_answer_seconds=0.5)


@pytest.fixture
def order(desk: LiveOrderDesk) -> LiveOrder:
    """Two at 100, at the broker."""
    return desk.sent(**LIMIT)


def cancel(desk: LiveOrderDesk, order: LiveOrder) -> None:
    cancel_live_order(owner=desk.owner, order_id=order.id, asked_at=timezone.now())


def steps(desk: LiveOrderDesk, order: LiveOrder) -> list[str]:
    return [kind for kind, _ in desk.events(order)]


def replaced_by(order: LiveOrder) -> UUID | None:
    return LiveOrder.objects.with_replaced_by().get(id=order.id).replaced_by_id


def test_another_order_takes_over(desk: LiveOrderDesk, order: LiveOrder) -> None:
    new = desk.replace(order, limit_price=Decimal("101.50"), time_in_force=TimeInForce.GTC)
    assert (new.status, new.replaces_id, desk.patched) == ("recorded", order.id, [])
    new = desk.send(new)
    assert (new.status, new.broker_order_id) == ("accepted", "order-2")
    [asked] = desk.patched
    assert asked.path == "/v2/orders/order-1"
    assert asked.json() == {
        "client_order_id": str(new.id),
        "limit_price": "101.5",
        "time_in_force": "gtc",
    }
    order = desk.look(order)
    assert (order.status, order.look_at) == ("replaced", None)
    assert order.finished_at is not None
    assert steps(desk, order)[-2:] == ["replace_asked", "replaced"]
    assert OutboxEvent.objects.filter(kind="live_order.replaced").count() == 1
    assert len(desk.posted) == 1


def test_what_took_over_is_followed_and_replaced_in_its_turn(
    desk: LiveOrderDesk, order: LiveOrder
) -> None:
    new = desk.send(desk.replace(order, quantity=Decimal(3)))
    third = desk.send(desk.replace(new, client_order_id="mine-3", quantity=Decimal(4)))
    desk.fill(third, "4", status="filled")
    assert [desk.look(one).status for one in (order, new, third)] == [
        "replaced",
        "replaced",
        "filled",
    ]
    assert [replaced_by(one) for one in (order, new, third)] == [new.id, third.id, None]


def test_the_same_change_twice_is_one_order(desk: LiveOrderDesk, order: LiveOrder) -> None:
    new = desk.replace(order)
    assert desk.replace(order).id == new.id
    desk.send(new)
    desk.look(order)
    assert desk.replace(order).id == new.id
    with pytest.raises(LiveOrderIdTaken):
        desk.replace(order, limit_price=Decimal(102))
    with pytest.raises(LiveOrderIdTaken):
        desk.place(client_order_id="mine-2", **LIMIT | {"limit_price": Decimal(101)})
    assert len(desk.patched) == 1


def test_a_change_without_an_answer_is_unknown_and_then_found(
    desk: LiveOrderDesk, order: LiveOrder
) -> None:
    desk.vendor.faults.append(take_and_hang)
    new = desk.send(desk.replace(order))
    assert new.status == "unknown"
    assert desk.look(new).status == "accepted"
    assert desk.look(order).status == "replaced"
    assert len(desk.patched) == 1


def test_a_change_that_never_arrived_leaves_the_order_working(
    desk: LiveOrderDesk, order: LiveOrder
) -> None:
    desk.vendor.faults.append(refuse_orders(503))
    new = desk.send(desk.replace(order))
    assert new.status == "unknown"
    assert desk.look(new, seconds=301).status == "not_received"
    assert replaced_by(order) is None
    order = desk.look(order)
    assert (order.status, steps(desk, order)[-1]) == ("accepted", "not_replaced")
    assert len(desk.patched) == 1
    desk.vendor.faults.clear()
    again = desk.send(desk.replace(order, client_order_id="mine-3", quantity=Decimal(1)))
    assert again.status == "accepted"


def test_one_that_filled_meanwhile_is_not_replaced(desk: LiveOrderDesk, order: LiveOrder) -> None:
    new = desk.replace(order)
    desk.fill(order, "2", status="filled")
    new = desk.send(new)
    assert new.status == "rejected"
    assert "cannot replace" in new.reason
    assert order.events.filter(kind="not_replaced", reason=new.reason).exists()
    assert desk.look(order).status == "filled"


def test_a_change_is_not_sent_once_the_order_is_to_be_cancelled(
    desk: LiveOrderDesk, order: LiveOrder
) -> None:
    new = desk.replace(order)
    cancel(desk, order)
    assert desk.send(new).status == "rejected"
    assert desk.patched == []
    assert desk.look(order).status == "canceled"


def test_a_change_that_was_not_sent_is_taken_back(desk: LiveOrderDesk, order: LiveOrder) -> None:
    new = desk.replace(order)
    cancel(desk, new)
    assert desk.send(new).status == "canceled"
    assert desk.patched == []
    assert steps(desk, order)[-1] == "not_replaced"


def test_a_change_is_not_sent_after_disarming(desk: LiveOrderDesk, order: LiveOrder) -> None:
    new = desk.replace(order)
    desk.disarm()
    assert desk.send(new).status == "rejected"
    assert desk.patched == []
    with pytest.raises(NotArmed):
        desk.replace(order, client_order_id="mine-3", quantity=Decimal(1))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"client_order_id": "mine-2"}, ("", "unchanged")),
        ({"quantity": Decimal(2), "limit_price": Decimal(100)}, ("", "unchanged")),
        ({"stop_price": Decimal(90)}, ("stop_price", "superfluous")),
        ({"trail_pct": Decimal(3)}, ("trail_pct", "superfluous")),
        ({"quantity": Decimal(1)}, ("quantity", "filled_already")),
        ({"quantity": Decimal(0)}, ("quantity", "not_positive")),
        ({"quantity": Decimal("NaN")}, ("quantity", "not_positive")),
        ({"limit_price": Decimal("1e-9")}, ("limit_price", "too_precise")),
        ({"limit_price": Decimal(501)}, ("quantity", "above_arming")),
        ({"limit_price": Decimal(99), "client_order_id": ""}, ("client_order_id", "invalid")),
    ],
)
def test_what_is_wrong_is_said_at_its_field(
    desk: LiveOrderDesk, order: LiveOrder, changes: dict[str, Any], expected: tuple[str, str]
) -> None:
    desk.fill(order, "1")
    order = desk.look(order)
    with pytest.raises(LiveOrderRefused) as caught:
        desk.replace(order, **changes)
    assert expected in {(one.field, one.code) for one in caught.value.problems}
    assert LiveOrder.objects.count() == 1


def test_up_to_the_orders_a_day(desk: LiveOrderDesk, order: LiveOrder) -> None:
    desk.arm(orders=2)
    new = desk.send(desk.replace(order))
    with pytest.raises(LiveOrderRefused) as caught:
        desk.replace(new, client_order_id="mine-3", quantity=Decimal(1))
    assert [one.code for one in caught.value.problems] == ["too_many_today"]


def test_an_order_by_amount_is_not_changed(desk: LiveOrderDesk) -> None:
    order = desk.sent(quantity=None, notional=Decimal(50), **LIMIT)
    with pytest.raises(LiveOrderRefused) as caught:
        desk.replace(order)
    assert [one.code for one in caught.value.problems] == ["by_amount"]


def test_a_broker_that_claims_to_change_none_is_not_asked(
    desk: LiveOrderDesk, order: LiveOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    adapter = catalogue()["alpaca"]
    can = replace(adapter.capabilities, replaces_orders=False)
    plain = {"alpaca": replace(adapter, capabilities=can)}
    monkeypatch.setattr(replacing, "catalogue", lambda: plain)
    with pytest.raises(LiveOrderRefused) as caught:
        desk.replace(order)
    assert [one.code for one in caught.value.problems] == ["not_supported"]
    assert desk.patched == []


def unknown(desk: LiveOrderDesk) -> LiveOrder:
    desk.vendor.faults.append(refuse_orders(503))
    return desk.sent(**LIMIT)


def cancelling(desk: LiveOrderDesk) -> LiveOrder:
    order = desk.sent(**LIMIT)
    cancel(desk, order)
    return order


def replacing_already(desk: LiveOrderDesk) -> LiveOrder:
    order = desk.sent(**LIMIT)
    desk.replace(order, client_order_id="mine-3", quantity=Decimal(1))
    return order


@pytest.mark.parametrize("make", [LiveOrderDesk.place, unknown, cancelling, replacing_already])
def test_what_is_not_surely_there_or_on_its_way_out_is_not_changed(
    desk: LiveOrderDesk, make: Callable[[LiveOrderDesk], LiveOrder]
) -> None:
    order = make(desk)
    with pytest.raises(LiveOrderBusy):
        desk.replace(order, quantity=Decimal(1))


def test_what_has_ended_is_not_changed(desk: LiveOrderDesk) -> None:
    order = desk.place()
    cancel(desk, order)
    with pytest.raises(LiveOrderEnded, match="nothing to change"):
        desk.replace(order, quantity=Decimal(1))


def test_a_stop_of_all_orders_stops_changes(
    desk: LiveOrderDesk, order: LiveOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(placing, "standing_stop", object)
    with pytest.raises(OrderEntryStopped):
        desk.replace(order)


def test_a_stranger_finds_nothing_to_change(desk: LiveOrderDesk, order: LiveOrder) -> None:
    with pytest.raises(NotFound):
        replacing.replace_live_order(
            owner=make_user("charlie@example.com"),
            order_id=order.id,
            changes=LiveChanges(client_order_id="mine-2", quantity=Decimal(1)),
            replaced_at=timezone.now(),
        )


@pytest.mark.django_db(transaction=True)
def test_two_changes_at_once_make_one_order(desk: LiveOrderDesk, order: LiveOrder) -> None:
    def change(number: int) -> bool:
        try:
            desk.replace(order, client_order_id=f"at-once-{number}", quantity=Decimal(1))
        except LiveOrderBusy:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(change, range(4))) == 1
    assert LiveOrder.objects.filter(replaces=order).count() == 1
