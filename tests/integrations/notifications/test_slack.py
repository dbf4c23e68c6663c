"""Notifications in a channel of Slack: chosen, posted, tried again, given up."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta

import pytest
from django.db import connection
from django.test import Client
from pytest_django import Settings

from accounts.api_keys import issue_key
from accounts.closing import close_account
from accounts.models import AuditEvent, User
from integrations import outbox
from integrations.models import Notification, SlackChannel, SlackMessage
from integrations.notifications import choices, slack, slack_channels
from integrations.notifications.choices import Choice, Quiet
from integrations.notifications.slack_channels import ChannelRefused
from integrations.notifications.trying_again import ATTEMPTS
from tests.factories import make_user
from tests.integrations.fake_http import FakeHttp, fake_http

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 4, 17, 0, tzinfo=UTC)
KEY_MADE = "api_key.created"
PATH = "/services/T0/B0/secret-of-slack"
CHOICES = "/settings/notifications/choices"


@pytest.fixture
def fake(settings: Settings) -> Iterator[FakeHttp]:
    with fake_http() as server:
        settings.OWN_NETWORKS = [server.address.removeprefix("http://")]
        yield server


@pytest.fixture
def alice() -> User:
    return make_user()


@pytest.fixture
def connected(alice: User, fake: FakeHttp) -> User:
    """She has a channel, has read its first message, and wants to be told of keys there."""
    connect(alice, fake)
    choose(alice)
    send_due()
    fake.bodies.clear()
    return alice


def connect(owner: User, fake: FakeHttp) -> SlackChannel:
    return slack_channels.connect_channel(
        owner=owner, address=fake.address + PATH, connected_at=NOW
    )


def choose(owner: User, quiet: Quiet | None = None) -> None:
    wanted = {KEY_MADE: Choice(in_inbox=False, by_mail=False, by_slack=True)}
    choices.choose(owner=owner, choices=wanted, quiet=quiet, chosen_at=NOW)


def tell(owner: User, *, name: str = "bot") -> None:
    issue_key(owner=owner, name=name, scopes=["read"], created_at=NOW)
    outbox.relay_due(at=NOW)


def send_due(at: datetime = NOW) -> int:
    taken = slack.take_due(at=at, limit=50)
    for message in taken:
        slack.deliver(message, at=at)
    return len(taken)


def texts(fake: FakeHttp) -> list[str]:
    return [json.loads(body)["text"] for body in fake.bodies]


def test_connecting_posts_a_first_word(alice: User, fake: FakeHttp) -> None:
    connect(alice, fake)
    assert send_due() == 1
    assert fake.paths == [PATH]
    assert texts(fake)[0].startswith("*Holdfast is connected*\n")
    assert send_due(NOW + timedelta(days=1)) == 0


def test_what_is_chosen_is_told_once_and_its_signs_are_no_markup(
    connected: User, fake: FakeHttp
) -> None:
    tell(connected, name="<b>&")
    outbox.relay_due(at=NOW)
    assert send_due() == 1
    (text,) = texts(fake)
    assert text.startswith("*The API key &lt;b&gt;&amp; was made*")


def test_what_is_not_chosen_and_whoever_has_no_channel_is_not_told(
    connected: User, fake: FakeHttp
) -> None:
    other = make_user("bob@example.com")
    choose(other)
    tell(other)
    choices.choose(owner=connected, choices={KEY_MADE: choices.INBOX}, quiet=None, chosen_at=NOW)
    tell(connected)
    assert send_due() == 0


def test_quiet_hours_hold_it_back(connected: User, fake: FakeHttp) -> None:
    choose(connected, Quiet(time(16), time(19), "UTC"))
    tell(connected)
    assert send_due() == 0
    assert send_due(NOW + timedelta(hours=2)) == 1


@pytest.mark.parametrize("status", [500, 429, 0])
def test_what_passes_is_tried_again(
    connected: User, fake: FakeHttp, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    headers = {"Retry-After": "600"} if status == 429 else {}
    fake.answers = [(status, headers)]
    monkeypatch.setattr(slack, "SECONDS", 1.0)
    tell(connected)
    assert send_due() == 1
    message = SlackMessage.objects.get(done_at=None)
    assert message.error
    assert message.due_at == NOW + timedelta(minutes=10 if status == 429 else 1)
    assert send_due(message.due_at) == 1
    assert not SlackMessage.objects.filter(done_at=None).exists()


def test_a_message_it_will_never_take_is_given_up(connected: User, fake: FakeHttp) -> None:
    fake.answers = [(400, {})]
    tell(connected)
    send_due()
    assert SlackMessage.objects.get(done_at=None).given_up_at == NOW
    assert SlackChannel.objects.get().is_working


def test_after_enough_tries_it_is_given_up(connected: User, fake: FakeHttp) -> None:
    fake.answers = [(503, {})] * ATTEMPTS
    tell(connected)
    at = NOW
    for _ in range(ATTEMPTS):
        assert send_due(at) == 1
        at = SlackMessage.objects.get(done_at=None).due_at
    assert send_due(at + timedelta(days=9)) == 0


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_channel_that_is_gone_is_no_longer_used_and_its_owner_told(
    connected: User, fake: FakeHttp, status: int
) -> None:
    fake.answers = [(status, {})]
    tell(connected)
    tell(connected, name="another")
    assert send_due() == 2
    assert len(fake.bodies) == 1
    assert str(status) in SlackChannel.objects.get().broken_because
    outbox.relay_due(at=NOW)
    assert Notification.objects.filter(kind="slack.disconnected").count() == 1
    connect(connected, fake)
    assert SlackChannel.objects.get().is_working
    assert send_due() == 1


def test_the_address_is_kept_sealed_and_shown_nowhere(
    client: Client, connected: User, fake: FakeHttp
) -> None:
    client.force_login(connected)
    shown = client.get(CHOICES).content
    assert b"127.0.0.1" in shown
    assert b"secret-of-slack" not in shown
    assert b"secret-of-slack" not in bytes(SlackChannel.objects.get().address)
    said = "".join(str([row.before, row.after]) for row in AuditEvent.objects.all())
    assert "secret-of-slack" not in said
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(row::text, '') FROM integrations_slackmessage AS row")
        assert "secret-of-slack" not in str(cursor.fetchone())


def test_the_page_connects_and_forgets(client: Client, alice: User, fake: FakeHttp) -> None:
    client.force_login(alice)
    answer = client.post("/settings/notifications/slack", {"address": fake.address + PATH})
    assert answer["Location"] == CHOICES
    client.post(CHOICES, {"order-filled-by_slack": "on"})
    assert choices.choices_for(alice)["order.filled"].by_slack
    assert client.post("/settings/notifications/slack/removal").status_code == 302
    assert not SlackChannel.objects.exists()
    assert not SlackMessage.objects.exists()
    assert client.post("/settings/notifications/slack/removal").status_code == 302
    actions = AuditEvent.objects.filter(action__startswith="slack.").values_list(
        "action", flat=True
    )
    assert sorted(actions) == ["slack.connected", "slack.forgotten"]


def test_a_closed_account_keeps_no_channel(connected: User) -> None:
    tell(connected)
    close_account(user_id=connected.id, closed_at=NOW)
    assert not SlackChannel.objects.exists()
    assert send_due() == 0


@pytest.mark.parametrize(
    "address", ["", "nonsense", "http://hooks.example.com/x", "https://10.0.0.1/"]
)
def test_an_address_that_will_not_do_is_refused(client: Client, alice: User, address: str) -> None:
    client.force_login(alice)
    answer = client.post("/settings/notifications/slack", {"address": address})
    assert answer.status_code == 422
    assert not SlackChannel.objects.exists()
    if address:
        with pytest.raises(ChannelRefused):
            slack_channels.connect_channel(owner=alice, address=address, connected_at=NOW)
