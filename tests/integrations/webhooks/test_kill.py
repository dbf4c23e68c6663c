"""``kill -9`` of relays in mid-delivery: every event arrives, and its id tells repeats."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Iterator
from typing import Final

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.api_keys import issue_key
from integrations.models import OutboxEvent, WebhookDelivery
from integrations.webhooks import own_webhooks
from integrations.webhooks.own_webhooks import WebhookTerms
from tests.factories import make_user
from tests.integrations.webhooks.receiver import Receiver, receiving
from tests.support.desk import wait_until
from tests.support.processes import StartProcess

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.slow,
    pytest.mark.timeout(300),
]

EVENTS: Final = 150
KILLS: Final = 2
Start = Callable[[], "subprocess.Popen[bytes]"]


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    with receiving() as made:
        settings.OWN_NETWORKS = [f"127.0.0.1:{made.port}"]
        yield made


@pytest.fixture
def start_relay(receiver: Receiver, start_process: StartProcess) -> Start:
    own_networks = f"127.0.0.1:{receiver.port}"
    return lambda: start_process("manage.py", "relay", OWN_NETWORKS=own_networks)


def test_no_event_is_lost_and_none_counts_twice(receiver: Receiver, start_relay: Start) -> None:
    owner = make_user()
    own_webhooks.add_webhook(owner=owner, terms=WebhookTerms(receiver.url), added_at=timezone.now())
    for number in range(EVENTS):
        issue_key(owner=owner, name=f"bot {number}", scopes=["read"], created_at=timezone.now())
    for kill in range(1, KILLS + 1):
        relay = start_relay()
        enough = kill * EVENTS // (KILLS + 2)
        wait_until(
            lambda enough=enough: len(receiver.events) >= enough,  # type: ignore[misc]
            seconds=90,
            what=f"{enough} events",
        )
        relay.send_signal(signal.SIGKILL)
        relay.wait()
        # What it had taken comes up again when its lease is over.
        WebhookDelivery.objects.waiting().update(due_at=timezone.now())
    start_relay()
    wait_until(
        lambda: WebhookDelivery.objects.exclude(done_at=None).count() == EVENTS,
        seconds=90,
        what="every event delivered",
    )
    expected = {str(event_id) for event_id in OutboxEvent.objects.values_list("id", flat=True)}
    assert receiver.events.keys() == expected
    assert len(expected) == EVENTS
    assert sum(receiver.attempts.values()) < EVENTS + KILLS * 8 + 1
