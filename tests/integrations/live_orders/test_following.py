"""Which orders are looked at, and when."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from pytest_django import Settings

from integrations.live_orders import following
from integrations.live_orders.recording import next_look
from integrations.models import Connection, LiveOrder
from tests.integrations.live_orders.desk import LiveOrderDesk


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Connections that a worker was sent to, and orders that one was to send."""
    found: list[object] = []
    monkeypatch.setattr(following, "request_look", found.append)
    monkeypatch.setattr(following, "request_sending", found.append)
    return found


def test_only_what_is_due_is_looked_at(desk: LiveOrderDesk, asked: list[object]) -> None:
    order = desk.sent()
    assert following.request_looks(at=timezone.now()) == 0
    assert order.look_at is not None
    assert following.request_looks(at=order.look_at) == 1
    assert asked == [desk.connection.id]


@pytest.mark.parametrize(("seconds", "count"), [(5, 0), (6, 1)])
def test_a_message_that_is_lost_is_sent_again(
    desk: LiveOrderDesk, asked: list[object], seconds: int, count: int
) -> None:
    order = desk.place()
    following.request_looks(at=order.placed_at + timedelta(seconds=seconds))
    assert asked == [order.id] * count


@pytest.mark.parametrize("field", ["disabled_at", "sign_in_needed_since"])
def test_a_broker_that_is_not_to_be_asked_is_not(
    desk: LiveOrderDesk, asked: list[object], field: str
) -> None:
    order = desk.sent()
    Connection.objects.filter(id=desk.connection.id).update(**{field: timezone.now()})
    LiveOrder.objects.update(look_at=timezone.now())
    assert following.request_looks(at=timezone.now()) == 0
    assert following.look(desk.connection.id, clock=timezone.now) == 0
    assert desk.again(order).status == "accepted"


def test_so_many_at_a_time_are_looked_at(desk: LiveOrderDesk, settings: Settings) -> None:
    settings.LIMITS = replace(settings.LIMITS, live_orders_per_look=2)
    for number in range(3):
        desk.sent(client_order_id=f"mine-{number}", quantity=Decimal(1))
    LiveOrder.objects.update(look_at=timezone.now())
    looked = [following.look(desk.connection.id, clock=timezone.now) for _ in range(3)]
    assert looked == [2, 1, 0]


@pytest.mark.parametrize(
    ("status", "quiet", "wait"),
    [
        ("unknown", 0, 5),
        ("unknown", 50, 5),
        ("unknown", 60, 6),
        ("unknown", 6_000, 60),
        ("accepted", 0, 15),
        ("accepted", 300, 15),
        ("accepted", 320, 16),
        ("partially_filled", 60_000, 300),
        ("filled", 0, None),
        ("not_received", 301, 301),
        ("not_received", 12 * 3600, 12 * 3600),
        ("not_received", 12 * 3600 + 1, None),
    ],
)
def test_the_longer_nothing_changed_the_more_seldom(
    status: str, quiet: int, wait: int | None
) -> None:
    at = timezone.now()
    since = at - timedelta(seconds=quiet)
    order = LiveOrder(status=status, changed_at=since, sent_at=since, placed_at=since)
    expected: datetime | None = None if wait is None else at + timedelta(seconds=wait)
    assert next_look(order, at=at) == expected
