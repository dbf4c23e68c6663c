"""``kill -9`` of a worker in mid-send: the order is unknown, is found, and was sent once."""

from __future__ import annotations

import signal
import subprocess
import threading
from collections.abc import Callable
from typing import Final

import pytest
from django.conf import settings
from django.utils import timezone

from integrations.brokers.rehearsing import Asked, Told
from integrations.live_orders import following
from integrations.models import LiveOrder
from tests.integrations.live_orders.desk import Answer, LiveOrderDesk, later
from tests.support.desk import wait_until
from tests.support.processes import StartProcess

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.slow,
    pytest.mark.timeout(180),
]

SEND: Final = """
from uuid import UUID
from django.utils import timezone
from integrations.live_orders.sending import send_live_order
send_live_order(UUID("{order_id}"), clock=timezone.now)
"""
Start = Callable[[LiveOrder], "subprocess.Popen[bytes]"]


@pytest.fixture
def start_sending(desk: LiveOrderDesk, start_process: StartProcess) -> Start:
    """Return what starts a worker that sends an order to the desk's broker."""

    def start(order: LiveOrder) -> subprocess.Popen[bytes]:
        return start_process(
            *("manage.py", "shell", "-c", SEND.format(order_id=order.id)),
            BROKER_URLS=f"alpaca={desk.vendor.url}",
            VAULT_KEY_PROVIDER="file",
            VAULT_KEY_FILE=str(settings.VAULT_KEY_FILE),
        )

    return start


@pytest.mark.parametrize("is_taken", [True, False], ids=["taken", "not taken"])
def test_a_worker_killed_while_it_sends_leaves_it_unknown_until_it_is_found(
    desk: LiveOrderDesk, start_sending: Start, is_taken: bool
) -> None:
    arrived = threading.Event()

    def hang(asked: Asked, answer: Answer) -> Told | None:
        if asked.method != "POST":
            return None
        if is_taken:
            answer(asked)
        arrived.set()
        return Told(is_held=True)

    desk.vendor.faults.append(hang)
    order = desk.place()
    worker = start_sending(order)
    wait_until(arrived.is_set, seconds=90, what="the order at the broker's door")
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    assert desk.again(order).status == "sending"

    # The message comes again, to another worker: nothing is sent.
    assert desk.send(order).status == "sending"
    following.request_looks(at=later(seconds=151)())
    assert desk.again(order).status == "unknown"
    order = desk.look(order, seconds=301)
    assert order.status == ("accepted" if is_taken else "not_received")
    assert len(desk.posted) == 1
    assert desk.vendor.placed_orders() == ([str(order.id)] if is_taken else [])
    assert order.changed_at > timezone.now()
