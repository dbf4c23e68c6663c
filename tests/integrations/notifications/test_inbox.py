"""The inbox on pages and for programs, and what one chooses to be told."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from smtplib import SMTPServerDisconnected
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.db import transaction
from django.test import Client

from accounts.api_keys import issue_key
from accounts.models import AuditEvent, User
from integrations import outbox
from integrations.events.kinds import KINDS, IncomeReceived
from integrations.models import Notification, NotificationMail
from integrations.notifications import choices
from integrations.notifications import mail as mails
from integrations.notifications.choices import DEFAULTS, Choice, Quiet
from integrations.notifications.quiet_time import next_allowed
from integrations.notifications.trying_again import ATTEMPTS
from integrations.notifications.wording import WORDINGS
from tests.factories import make_user

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 4, 17, 0, tzinfo=UTC)
KEY_MADE = "api_key.created"


@pytest.fixture
def alice() -> User:
    return make_user()


@pytest.fixture
def page(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


def tell(owner: User, *, at: datetime = NOW, name: str = "bot") -> Notification | None:
    issue_key(owner=owner, name=name, scopes=["read"], created_at=at)
    outbox.relay_due(at=at)
    return Notification.objects.filter(owner=owner).order_by("-id").first()


def test_every_kind_has_words_and_a_default() -> None:
    assert WORDINGS.keys() == DEFAULTS.keys() == KINDS.keys()


def test_the_inbox_shows_what_is_new_and_opening_it_marks_it_read(
    page: Client, alice: User
) -> None:
    row = tell(alice)
    assert row is not None
    assert b"The API key bot was made" in page.get("/inbox").content
    assert b">1<" in page.get("/inbox/badge").content
    answer = page.post(f"/inbox/{row.id}/read")
    assert answer["Location"] == "/settings/api-keys"
    assert page.get("/inbox/badge").content.strip() == b""
    row.refresh_from_db()
    first = row.read_at
    page.post(f"/inbox/{row.id}/read")
    row.refresh_from_db()
    assert row.read_at == first


@pytest.mark.parametrize(("days", "count"), [(30, 1), (31, 0)])
def test_of_what_happened_long_before_nobody_is_told(alice: User, days: int, count: int) -> None:
    paid = IncomeReceived(
        owner_id=alice.id,
        occurred_at=NOW - timedelta(days=days),
        portfolio_id=alice.id,
        entry_id=alice.id,
        amount=Decimal(5),
        currency="USD",
        fees=Decimal(0),
        taxes=Decimal(0),
        symbol="KO",
        note="",
    )
    with transaction.atomic():
        outbox.put([paid], recorded_at=NOW)
    outbox.relay_due(at=NOW)
    assert Notification.objects.count() == count


def test_all_are_read_at_once(page: Client, alice: User) -> None:
    for number in range(3):
        tell(alice, name=f"bot {number}")
    page.post("/inbox/read")
    assert not Notification.objects.filter(read_at=None).exists()


def test_another_user_sees_and_reads_nothing_of_it(client: Client, alice: User) -> None:
    row = tell(alice)
    assert row is not None
    client.force_login(make_user("charlie@example.com"))
    assert b"bot" not in client.get("/inbox").content
    assert client.post(f"/inbox/{row.id}/read").status_code == 404
    client.post("/inbox/read")
    row.refresh_from_db()
    assert row.read_at is None


@pytest.mark.parametrize("path", ["/inbox", "/inbox/badge", "/settings/notifications/choices"])
def test_a_stranger_is_sent_to_sign_in(client: Client, path: str) -> None:
    assert client.get(path).status_code == 302


def test_programs_list_and_read(client: Client, alice: User) -> None:
    _, key = issue_key(owner=alice, name="mine", scopes=["read", "trade"], created_at=NOW)
    for number in range(3):
        tell(alice, name=f"bot {number}")
    headers = {"Authorization": f"Bearer {key}"}

    def listed(**query: Any) -> dict[str, Any]:
        found: dict[str, Any] = client.get("/api/v1/notifications", query, headers=headers).json()
        return found

    first = listed(limit=2)
    rest = listed(limit=2, cursor=first["next_cursor"])
    titles = [it["title"] for it in (*first["items"], *rest["items"])]
    assert titles == [
        f"The API key {name} was made" for name in ("bot 2", "bot 1", "bot 0", "mine")
    ]
    chosen = first["items"][0]["id"]
    answer = client.post(f"/api/v1/notifications/{chosen}/read", headers=headers)
    assert answer.json()["read_at"] is not None
    assert len(listed(unread="true")["items"]) == 3
    assert client.post("/api/v1/notifications/read", headers=headers).json() == {"count": 3}
    assert listed(unread="true")["items"] == []
    strange = "0198c0de-0000-7000-8000-000000000000"
    assert client.post(f"/api/v1/notifications/{strange}/read", headers=headers).status_code == 404


def choose(owner: User, choice: Choice, quiet: Quiet | None = None) -> None:
    choices.choose(owner=owner, choices={KEY_MADE: choice}, quiet=quiet, chosen_at=NOW)


def test_what_is_not_wanted_is_not_told(alice: User) -> None:
    choose(alice, Choice(in_inbox=False, by_mail=False))
    assert tell(alice) is None
    assert not NotificationMail.objects.exists()


def test_choosing_the_same_again_changes_nothing(alice: User) -> None:
    for _ in range(2):
        choose(alice, Choice(in_inbox=True, by_mail=False))
    assert AuditEvent.objects.filter(action="notifications.chosen").count() == 1


def test_the_page_takes_choices_and_quiet_hours(page: Client, alice: User) -> None:
    path = "/settings/notifications/choices"
    assert page.get(path).status_code == 200
    wanted = {"alert-triggered-in_inbox": "on", "order-filled-by_mail": "on"}
    hours = {"begins": "22:00", "ends": "07:00", "timezone": "Europe/Berlin"}
    assert page.post(path, wanted | hours).status_code == 302
    assert choices.choices_for(alice)["order.filled"] == Choice(in_inbox=False, by_mail=True)
    assert choices.choices_for(alice)["alert.triggered"] == Choice(in_inbox=True, by_mail=False)
    assert choices.quiet_of(alice) == Quiet(time(22), time(7), "Europe/Berlin")
    page.post(path, wanted)
    assert choices.quiet_of(alice) is None


@pytest.mark.parametrize(
    ("hours", "words"),
    [
        ({"begins": "22:00"}, "need a beginning, an end"),
        ({"begins": "22:00", "ends": "07:00", "timezone": "Mars/Olympus"}, "no time zone"),
        ({"begins": "22:00", "ends": "22:00", "timezone": "UTC"}, "another time"),
        ({"begins": "noon", "ends": "22:00", "timezone": "UTC"}, "valid time"),
    ],
)
def test_hours_that_make_no_sense_are_refused(
    page: Client, hours: dict[str, str], words: str
) -> None:
    answer = page.post("/settings/notifications/choices", hours)
    assert answer.status_code == 422
    assert words in answer.content.decode()


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        pytest.param("2026-03-04T20:59", "2026-03-04T20:59", id="before"),
        pytest.param("2026-03-04T21:00", "2026-03-05T06:00", id="at their beginning"),
        pytest.param("2026-03-05T05:59", "2026-03-05T06:00", id="after midnight"),
        pytest.param("2026-03-05T06:00", "2026-03-05T06:00", id="at their end"),
        pytest.param("2026-03-28T22:00", "2026-03-29T05:00", id="as the clock goes forward"),
    ],
)
def test_quiet_hours_follow_the_clock_on_the_wall(at: str, expected: str) -> None:
    found = next_allowed(
        datetime.fromisoformat(at).replace(tzinfo=UTC),
        begins=time(22),
        ends=time(7),
        timezone="Europe/Berlin",
    )
    assert found == datetime.fromisoformat(expected).replace(tzinfo=UTC)


def test_mail_waits_for_the_end_of_quiet_hours(alice: User) -> None:
    choose(alice, Choice(in_inbox=True, by_mail=True), Quiet(time(16), time(19), "UTC"))
    tell(alice)
    assert mails.take_due(at=NOW, limit=5) == []
    (taken,) = mails.take_due(at=NOW + timedelta(hours=2), limit=5)
    mails.deliver(taken, at=NOW + timedelta(hours=2))
    assert len(mail.outbox) == 1
    assert Notification.objects.count() == 1


def test_a_mail_is_taken_by_one_and_comes_back_where_he_dies(alice: User) -> None:
    tell(alice)
    (taken,) = mails.take_due(at=NOW, limit=5)
    assert mails.take_due(at=NOW + timedelta(seconds=119), limit=5) == []
    (again,) = mails.take_due(at=NOW + timedelta(seconds=120), limit=5)
    for one in (taken, again):
        mails.deliver(one, at=NOW)
    first, second = mail.outbox
    assert first.extra_headers["Message-ID"] == second.extra_headers["Message-ID"]


def test_a_mail_server_that_refuses_is_tried_again_and_then_given_up(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(message: EmailMessage) -> int:
        raise SMTPServerDisconnected("gone")

    monkeypatch.setattr(EmailMessage, "send", refuse)
    tell(alice)
    at = NOW
    row = NotificationMail.objects.get()
    while row.given_up_at is None:
        (taken,) = mails.take_due(at=at, limit=5)
        mails.deliver(taken, at=at)
        row.refresh_from_db()
        at = row.due_at
    assert row.attempts == ATTEMPTS
    assert timedelta(hours=20) < at - NOW < timedelta(days=3)
    assert mails.take_due(at=at + timedelta(days=9), limit=5) == []


@pytest.mark.parametrize("facts", [{"is_demo": True}, {"is_active": False}])
def test_nobody_without_a_mail_box_is_written_to(alice: User, facts: dict[str, bool]) -> None:
    User.objects.filter(id=alice.id).update(**facts)
    tell(alice)
    assert not NotificationMail.objects.exists()
