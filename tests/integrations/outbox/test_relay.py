"""Relaying: once, by however many; what cannot be relayed waits, is given up, and comes again."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core import mail
from django.db import connection
from django.utils import timezone

from accounts.api_keys import issue_key
from accounts.models import AuditEvent, User
from integrations import outbox
from integrations.models import Notification, NotificationMail, OutboxEvent, SlackMessage
from integrations.models.outbox import WAITING
from integrations.notifications import inbox
from integrations.relay import Relay
from tests.factories import make_user
from tests.support.desk import wait_until

NOW = datetime(2026, 3, 4, 17, 0, tzinfo=UTC)


def make_event(owner: User, *, at: datetime = NOW, name: str = "bot") -> OutboxEvent:
    issue_key(owner=owner, name=name, scopes=["read"], created_at=at)
    return OutboxEvent.objects.latest("id")


@pytest.mark.django_db
def test_an_event_becomes_a_notification_once() -> None:
    event = make_event(make_user())
    assert outbox.relay_due(at=NOW) == 1
    assert outbox.relay_due(at=NOW) == 0
    row = Notification.objects.get()
    assert (row.event_id, row.title) == (event.id, "The API key bot was made")
    event.refresh_from_db()
    assert event.done_at == NOW


@pytest.mark.django_db
def test_the_same_event_taken_twice_makes_one_notification_and_one_mail() -> None:
    event = make_event(make_user())
    for _ in range(2):
        inbox.take_events([event], at=NOW)
    assert (Notification.objects.count(), NotificationMail.objects.count()) == (1, 1)


@pytest.mark.django_db
def test_one_bad_event_holds_up_no_other_and_ends_as_a_dead_letter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    owner = make_user()
    bad, good = make_event(owner, name="bad"), make_event(owner, name="good")

    def choke(events: Sequence[OutboxEvent], *, at: datetime) -> None:
        if any(event.id == bad.id for event in events):
            raise ValueError("choked")

    monkeypatch.setattr(outbox, "consumers", lambda: [choke])
    outbox.relay_due(at=NOW)
    bad.refresh_from_db()
    good.refresh_from_db()
    assert good.done_at == NOW
    assert (bad.attempts, bad.done_at, bad.error) == (1, None, "ValueError: choked")
    assert bad.due_at == NOW + timedelta(seconds=5)

    at = NOW
    while bad.given_up_at is None:
        at = bad.due_at
        outbox.relay_due(at=at)
        bad.refresh_from_db()
    assert bad.attempts == outbox.ATTEMPTS
    assert timedelta(hours=12) < at - NOW < timedelta(days=2)
    assert outbox.relay_due(at=at + timedelta(days=9)) == 0

    monkeypatch.undo()
    outbox.rerun(event_id=bad.id, at=at)
    outbox.rerun(event_id=bad.id, at=at)
    assert AuditEvent.objects.filter(action="event.rerun").count() == 1
    assert outbox.relay_due(at=at) == 1
    assert Notification.objects.get().event_id == bad.id


@pytest.mark.django_db
def test_old_events_are_forgotten_and_waiting_ones_are_not() -> None:
    owner = make_user()
    make_event(owner)
    outbox.relay_due(at=NOW)
    waiting = make_event(owner)
    assert outbox.sweep(at=NOW + timedelta(days=29)) == 0
    assert outbox.sweep(at=NOW + timedelta(days=31)) == 1
    assert OutboxEvent.objects.get() == waiting
    inbox.sweep(at=NOW + timedelta(days=91))
    assert not Notification.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_several_relays_share_the_work() -> None:
    owner = make_user()
    count = 300
    for number in range(count):
        make_event(owner, name=f"bot {number}")
    barrier = threading.Barrier(4)

    def relay(_: int) -> int:
        barrier.wait()
        done = 0
        try:
            while OutboxEvent.objects.filter(done_at=None).exists():
                done += outbox.relay_due(at=NOW)
        finally:
            connection.close()
        return done

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(relay, range(4))) == count
    assert Notification.objects.count() == count


@pytest.mark.django_db(transaction=True)
def test_the_process_relays_and_mails(monkeypatch: pytest.MonkeyPatch) -> None:
    make_event(make_user(), at=timezone.now())
    relay = Relay(clock=timezone.now)
    thread = threading.Thread(target=relay.run)
    thread.start()
    try:
        wait_until(
            lambda: NotificationMail.objects.exclude(done_at=None).exists(),
            seconds=20,
            what="a mail that was sent",
        )
    finally:
        relay.stop()
        thread.join()
    (message,) = mail.outbox
    assert message.subject == "[Holdfast] The API key bot was made"
    assert message.to == ["alice@example.com"]


@pytest.mark.django_db
def test_staff_sees_dead_letters_and_others_do_not(client: Any) -> None:
    owner = make_user()
    event = make_event(owner)
    OutboxEvent.objects.filter(id=event.id).update(given_up_at=NOW, error="ValueError: choked")
    client.force_login(owner)
    assert client.get("/operations/events").status_code == 404
    assert client.post(f"/operations/events/{event.id}/rerun").status_code == 404
    staff = make_user("staff@example.com")
    staff.is_staff = True
    staff.save()
    client.force_login(staff)
    assert b"ValueError: choked" in client.get("/operations/events").content
    client.post(f"/operations/events/{event.id}/rerun")
    event.refresh_from_db()
    assert event.given_up_at is None


@pytest.mark.django_db
def test_staff_has_mail_and_messages_that_were_given_up_tried_again(client: Any) -> None:
    owner, now = make_user(), timezone.now()
    told = {"owner": owner, "subject": "Filled", "created_at": now, "due_at": now}
    for kind in (NotificationMail, SlackMessage):
        kind.objects.create(event_id=uuid4(), attempts=12, given_up_at=now, **told)
        kind.objects.create(event_id=uuid4(), attempts=1, done_at=now, **told)
    path = "/operations/notifications/rerun"
    client.force_login(owner)
    assert client.post(path).status_code == 404
    owner.is_staff = True
    owner.save()
    assert b"Try what was given up again" in client.get("/operations/events").content
    shown = client.post(path, follow=True).content
    assert b"2 messages to be tried again" in shown
    assert b"Try what was given up again" not in shown
    for kind in (NotificationMail, SlackMessage):
        assert kind.objects.filter(WAITING, attempts=0).count() == 1
    assert AuditEvent.objects.filter(action="notification.rerun").count() == 1
    client.post(path)
    assert AuditEvent.objects.filter(action="notification.rerun").count() == 1
