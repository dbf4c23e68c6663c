"""A live order on its way: sent once, and what became of it known or said to be unknown."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone
from pytest_django import Settings

from integrations.brokers.rehearsing import Asked, Told
from integrations.connections import deleting, own_connections
from integrations.connections.own_connections import ConnectionChange
from integrations.live_orders import following, sending
from integrations.live_orders.cancelling import cancel_live_order
from integrations.live_orders.errors import LiveOrderEnded
from integrations.live_orders.states import Status
from integrations.models import Arming, LiveOrder, Notification, OutboxEvent
from integrations.models.connections import SyncKind
from integrations.outbox import relay_due
from portfolio.models import JournalEntry
from tests.integrations.connections.desk import told
from tests.integrations.live_orders.desk import (
    Answer,
    LiveOrderDesk,
    later,
    refuse_orders,
    take_and_hang,
)
from trading.states import OrderType


@pytest.fixture(autouse=True)
def short_answers(settings: Settings) -> None:
    settings.LIMITS = replace(settings.LIMITS, broker_answer_seconds=0.5)


def kinds_told() -> set[str]:
    return set(OutboxEvent.objects.values_list("kind", flat=True))


def test_an_order_is_sent_and_accepted(desk: LiveOrderDesk) -> None:
    order = desk.place()
    assert (order.status, desk.posted) == ("recorded", [])
    order = desk.send(order)
    assert (order.status, order.broker_order_id) == ("accepted", "order-1")
    assert desk.vendor.placed_orders() == [str(order.id)]
    assert [kind for kind, _ in desk.events(order)] == ["recorded", "sending", "accepted"]
    assert "live_order.accepted" in kinds_told()
    assert order.look_at is not None


def test_the_same_message_twice_sends_once(desk: LiveOrderDesk) -> None:
    order = desk.sent()
    assert desk.send(order).status == "accepted"
    assert len(desk.posted) == 1


def test_a_refusal_says_why(desk: LiveOrderDesk) -> None:
    order = desk.sent(type=OrderType.LIMIT, limit_price=Decimal("0.5"), quantity=Decimal(1500))
    assert order.status == "rejected"
    assert "insufficient buying power" in order.reason
    assert order.finished_at is not None
    assert order.look_at is None


def test_one_that_is_taken_without_an_answer_is_unknown_and_then_found(
    desk: LiveOrderDesk,
) -> None:
    desk.vendor.faults.append(take_and_hang)
    order = desk.sent()
    assert order.status == "unknown"
    relay_due(at=timezone.now())
    assert Notification.objects.filter(kind="live_order.unknown").count() == 1
    order = desk.look(order)
    assert (order.status, order.broker_order_id) == ("accepted", "order-1")
    assert len(desk.posted) == 1
    assert [kind for kind, _ in desk.events(order)][-2:] == ["lost", "accepted"]


@pytest.mark.parametrize("status", [500, 503, 429])
def test_one_that_may_have_been_taken_is_looked_for_and_never_sent_again(
    desk: LiveOrderDesk, status: int
) -> None:
    desk.vendor.faults.append(refuse_orders(status, Retry_After="7"))
    order = desk.sent()
    assert order.status == "unknown"
    assert len(desk.posted) == 1
    order = desk.look(order)
    assert order.status == "unknown"
    order = desk.look(order, seconds=301)
    assert order.status == "not_received"
    assert len(desk.posted) == 1
    assert desk.vendor.placed_orders() == []
    assert {"live_order.unknown", "live_order.not_received"} <= kinds_told()


def test_a_broker_that_wants_to_be_left_alone_is(desk: LiveOrderDesk) -> None:
    desk.vendor.faults.append(refuse_orders(429, Retry_After="700"))
    order = desk.sent()
    desk.vendor.asked.clear()
    LiveOrder.objects.update(look_at=timezone.now())
    following.look(desk.connection.id, clock=timezone.now)
    assert desk.vendor.asked == []
    order = desk.again(order)
    assert order.look_at is not None
    assert order.look_at > timezone.now() + timedelta(seconds=600)


def test_one_that_turns_up_after_all_is_followed_again(desk: LiveOrderDesk) -> None:
    desk.vendor.faults.append(refuse_orders(503))
    order = desk.look(desk.sent(), seconds=301)
    assert order.status == "not_received"
    assert order.look_at is not None
    desk.vendor.faults.clear()
    desk.vendor.orders["late"] = {
        "id": "late",
        "client_order_id": str(order.id),
        "symbol": "AAPL",
        "side": "buy",
        "type": "market",
        "qty": "2",
        "filled_qty": "0",
        "status": "accepted",
        "submitted_at": "2026-02-02T15:00:00Z",
    }
    order = desk.look(order)
    assert (order.status, order.finished_at) == ("accepted", None)


def test_one_that_never_turns_up_is_left_alone_after_a_day(desk: LiveOrderDesk) -> None:
    desk.vendor.faults.append(refuse_orders(503))
    order = desk.look(desk.sent(), seconds=301)
    order = desk.look(order, seconds=13 * 3600)
    assert (order.status, order.look_at) == ("not_received", None)


def test_a_worker_that_died_leaves_it_unknown_and_it_is_found(desk: LiveOrderDesk) -> None:
    order = desk.place()
    assert sending.begin_sending(order.id, at=timezone.now()) is not None
    following.request_looks(at=later(seconds=149)())
    assert desk.again(order).status == "sending"
    following.request_looks(at=later(seconds=151)())
    assert desk.again(order).status == "unknown"
    assert desk.look(order, seconds=302).status == "not_received"
    assert desk.posted == []


def test_a_slow_worker_that_ends_later_is_heard(desk: LiveOrderDesk) -> None:
    order = desk.place()
    sending.begin_sending(order.id, at=timezone.now())
    sending.end_silent(at=later(seconds=151)())
    session = sending.get_ready(order, desk.connection, clock=timezone.now)
    sending.hear(order, session.submit(sending.request_of(order)), at=timezone.now())
    assert desk.again(order).status == "accepted"


@pytest.mark.parametrize(("seconds", "expected"), [(60, "accepted"), (61, "rejected")])
def test_what_lay_too_long_is_not_sent(desk: LiveOrderDesk, seconds: int, expected: str) -> None:
    order = desk.place()
    at = order.placed_at + timedelta(seconds=seconds)
    assert desk.send(order, clock=lambda: at).status == expected
    assert len(desk.posted) == (expected == "accepted")


@pytest.mark.parametrize(("seconds", "expected"), [(40, "accepted"), (41, "rejected")])
def test_getting_ready_for_too_long_sends_nothing(
    desk: LiveOrderDesk, seconds: int, expected: str
) -> None:
    order = desk.place()
    begun = timezone.now()
    times = iter([begun])
    order = desk.send(order, clock=lambda: next(times, begun + timedelta(seconds=seconds)))
    assert order.status == expected
    assert len(desk.posted) == (expected == "accepted")


def test_an_account_other_than_the_armed_one_gets_nothing(desk: LiveOrderDesk) -> None:
    desk.connection.account_id = "SOMEBODY"
    desk.connection.save()
    order = desk.sent()
    assert order.status == "rejected"
    assert order.reason.startswith("Nothing was sent: ")
    assert desk.posted == []


def test_a_session_that_is_over_sends_nothing_and_disarms(desk: LiveOrderDesk) -> None:
    desk.vendor.is_expired = True
    order = desk.sent()
    assert order.status == "rejected"
    assert desk.posted == []
    assert not Arming.objects.filter(disarmed_at=None).exists()
    desk.connection.refresh_from_db()
    assert desk.connection.state == "sign_in_needed"


def test_what_was_not_sent_when_it_is_disarmed_never_is(desk: LiveOrderDesk) -> None:
    order = desk.place()
    desk.disarm()
    assert desk.send(order).status == "rejected"
    assert desk.vendor.asked == []


def test_arming_anew_does_not_revive_what_was_placed_before(desk: LiveOrderDesk) -> None:
    order = desk.place()
    desk.disarm()
    desk.arm()
    assert desk.send(order).status == "rejected"


def test_fills_are_followed_and_booked_once(desk: LiveOrderDesk) -> None:
    order = desk.sent(type=OrderType.LIMIT, limit_price=Decimal(100), quantity=Decimal(3))
    desk.fill(order, "1")
    order = desk.look(order)
    assert (order.status, order.filled_quantity) == ("partially_filled", Decimal(1))
    count = order.events.count()
    assert desk.look(order).events.count() == count
    desk.fill(order, "3", status="filled")
    order = desk.look(order)
    assert (order.status, order.filled_quantity) == ("filled", Decimal(3))
    assert order.look_at is None
    facts = {"symbol": "AAPL", "quantity": Decimal(3), "unit_price": Decimal(100)}
    desk.vendor.world.happenings.append(told(9, "buy", **facts))
    desk.desk.sync(desk.connection)
    entries = JournalEntry.objects.filter(external_id="alpaca:00009").count()
    assert entries == 1
    desk.desk.sync(desk.connection, kind=SyncKind.SYNC)
    assert JournalEntry.objects.filter(external_id="alpaca:00009").count() == 1


def test_cancelling_asks_the_broker(desk: LiveOrderDesk) -> None:
    order = desk.sent(type=OrderType.LIMIT, limit_price=Decimal(50))
    asked = cancel_live_order(owner=desk.owner, order_id=order.id, asked_at=timezone.now())
    assert asked.status == "accepted"
    again = cancel_live_order(owner=desk.owner, order_id=order.id, asked_at=timezone.now())
    assert again.cancel_asked_at == asked.cancel_asked_at
    order = desk.look(order)
    assert order.status == "canceled"
    assert "live_order.canceled" in kinds_told()
    with pytest.raises(LiveOrderEnded):
        cancel_live_order(owner=desk.owner, order_id=order.id, asked_at=timezone.now())


def test_what_was_not_sent_is_cancelled_at_once(desk: LiveOrderDesk) -> None:
    order = desk.place()
    cancel_live_order(owner=desk.owner, order_id=order.id, asked_at=timezone.now())
    assert desk.send(order).status == "canceled"
    assert desk.vendor.asked == []


def test_cancelling_works_after_disarming(desk: LiveOrderDesk) -> None:
    order = desk.sent()
    desk.disarm()
    cancel_live_order(owner=desk.owner, order_id=order.id, asked_at=timezone.now())
    assert desk.look(order).status == "canceled"


def test_one_of_unknown_outcome_is_found_and_then_cancelled(desk: LiveOrderDesk) -> None:
    desk.vendor.faults.append(take_and_hang)
    order = desk.sent()
    cancel_live_order(owner=desk.owner, order_id=order.id, asked_at=timezone.now())
    assert desk.look(order).status == "canceled"


def test_a_cancellation_that_the_broker_refuses_is_told(desk: LiveOrderDesk) -> None:
    def refuse(asked: Asked, answer: Answer) -> Told | None:
        if asked.method != "DELETE":
            return None
        return Told(422, {"message": "order is not cancelable"})

    order = desk.sent()
    desk.vendor.faults.append(refuse)
    cancel_live_order(owner=desk.owner, order_id=order.id, asked_at=timezone.now())
    order = desk.look(order)
    assert (order.status, order.may_be_cancelled) == ("accepted", True)
    assert order.events.filter(kind="cancel_refused", reason__contains="cancelable").exists()


def test_a_cancellation_without_an_answer_is_asked_again(desk: LiveOrderDesk) -> None:
    failures = [500]

    def stumble(asked: Asked, answer: Answer) -> Told | None:
        return Told(failures.pop(), b"{}") if asked.method == "DELETE" and failures else None

    order = desk.sent()
    desk.vendor.faults.append(stumble)
    cancel_live_order(owner=desk.owner, order_id=order.id, asked_at=timezone.now())
    assert desk.look(order).status == "accepted"
    assert desk.look(order).status == "canceled"


def test_deleting_a_connection_says_that_nobody_follows(desk: LiveOrderDesk) -> None:
    order = desk.sent()
    deleting.delete_connection(
        owner=desk.owner,
        connection_id=desk.connection.id,
        with_activities=False,
        deleted_at=timezone.now(),
    )
    order = desk.again(order)
    assert (order.status, order.connection_id, order.arming_id) == ("unfollowed", None, None)


def test_entering_credentials_anew_or_disabling_disarms(desk: LiveOrderDesk) -> None:
    for change in (
        ConnectionChange(credentials=dict(desk.vendor.credentials)),
        ConnectionChange(is_enabled=False),
    ):
        own_connections.change_connection(
            owner=desk.owner,
            connection_id=desk.connection.id,
            change=change,
            changed_at=timezone.now(),
        )
        assert not Arming.objects.filter(disarmed_at=None).exists()
        own_connections.change_connection(
            owner=desk.owner,
            connection_id=desk.connection.id,
            change=ConnectionChange(is_enabled=True),
            changed_at=timezone.now(),
        )
        desk.arm()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE integrations_liveorder SET quantity = 3",
        "UPDATE integrations_liveorder SET broker_symbol = 'MSFT'",
        "UPDATE integrations_liveorder SET replaces_id = id",
        "UPDATE integrations_liveorder SET status = 'sending', sent_at = now()",
        "DELETE FROM integrations_liveorder",
        "UPDATE integrations_liveorderevent SET reason = 'x'",
        "DELETE FROM integrations_liveorderevent",
    ],
)
def test_the_database_keeps_terms_and_events_as_they_are(
    desk: LiveOrderDesk, statement: str
) -> None:
    desk.sent()
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_the_database_takes_no_order_without_an_arming(desk: LiveOrderDesk) -> None:
    order = desk.place()
    desk.disarm()
    order.id, order.client_order_id, order._state.adding = type(order)().id, "another", True
    with pytest.raises(IntegrityError, match="armed"), transaction.atomic():
        order.save(force_insert=True)
    with pytest.raises(IntegrityError, match="armed"), transaction.atomic():
        LiveOrder.objects.update(status=Status.SENDING)


@pytest.mark.django_db(transaction=True)
def test_two_workers_that_take_the_same_order_send_it_once(desk: LiveOrderDesk) -> None:
    order = desk.place()

    def send(_: int) -> None:
        try:
            sending.send_live_order(order.id, clock=timezone.now)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(send, range(4)))
    assert len(desk.posted) == 1
    assert desk.again(order).status == "accepted"


@pytest.mark.django_db(transaction=True)
def test_placing_the_same_order_at_once_makes_one(desk: LiveOrderDesk) -> None:
    def place(_: int) -> object:
        try:
            return desk.place().id
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        made = set(threads.map(place, range(4)))
    assert len(made) == 1
    assert LiveOrder.objects.count() == 1
