"""``kill -9`` of a worker in mid-send: the order is unknown, is found, and was sent once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.conf import settings as desk_settings
from django.db import connection
from django.utils import timezone

from integrations.brokers.rehearsing import Asked, Told
from integrations.live_orders import following
from integrations.models import LiveOrder
from tests.integrations.live_orders.desk import Answer, LiveOrderDesk, later
from tests.support.desk import wait_until

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
def start_sending(desk: LiveOrderDesk) -> Iterator[Start]:
    """A worker as a process of its own, on the database of the test."""
    address = urlsplit(desk_settings.DATABASE_URL)
    name = connection.settings_dict["NAME"]
    environment = os.environ | {
        "DATABASE_URL": urlunsplit(address._replace(path=f"/{name}")),
        "REDIS_URL": desk_settings.REDIS_URL,
        "SECRET_KEY": desk_settings.SECRET_KEY,
        "ALLOWED_HOSTS": "localhost",
        "BROKER_URLS": f"alpaca={desk.vendor.url}",
        "VAULT_KEY_PROVIDER": "file",
        "VAULT_KEY_FILE": str(desk_settings.VAULT_KEY_FILE),
    }
    started: list[subprocess.Popen[bytes]] = []

    def start(order: LiveOrder) -> subprocess.Popen[bytes]:
        code = SEND.format(order_id=order.id)
        command = [sys.executable, "manage.py", "shell", "-c", code]
        started.append(subprocess.Popen(command, env=environment))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


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
