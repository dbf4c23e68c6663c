"""Events at a receiver that checks signatures: delivered, tried again, given up, disabled."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.api_keys import issue_key
from accounts.models import User
from integrations import outbox
from integrations.models import Notification, OutboxEvent, Webhook, WebhookDelivery
from integrations.webhooks import delivering, own_webhooks
from integrations.webhooks.own_webhooks import TEST, WebhookRefused, WebhookTerms
from integrations.webhooks.retries import ATTEMPTS, PAUSES, pause_after
from tests.factories import make_user
from tests.integrations.webhooks.receiver import Receiver, receiving

pytestmark = pytest.mark.django_db


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    with receiving() as made:
        settings.OWN_NETWORKS = [f"127.0.0.1:{made.port}"]
        yield made


@pytest.fixture
def alice() -> User:
    return make_user()


@pytest.fixture
def webhook(alice: User, receiver: Receiver) -> Webhook:
    made, receiver.secret = own_webhooks.add_webhook(
        owner=alice, terms=WebhookTerms(receiver.url), added_at=timezone.now()
    )
    return made


def tell(owner: User, *, at: datetime | None = None) -> OutboxEvent:
    """A new key, relayed."""
    at = at or timezone.now()
    issue_key(owner=owner, name="bot", scopes=["read"], created_at=at)
    outbox.relay_due(at=at)
    return OutboxEvent.objects.filter(kind="api_key.created").latest("id")


def send_due(at: datetime | None = None) -> int:
    at = at or timezone.now()
    taken = delivering.take_due(at=at, limit=50)
    for delivery in taken:
        delivering.deliver(delivery, at=at)
    return len(taken)


def test_an_event_arrives_signed(alice: User, webhook: Webhook, receiver: Receiver) -> None:
    event = tell(alice)
    assert send_due() == 1
    found = receiver.events[str(event.id)]
    assert (found["id"], found["type"]) == (str(event.id), "api_key.created")
    assert found["data"] == event.data
    assert datetime.fromisoformat(found["timestamp"]) == event.occurred_at
    delivery = WebhookDelivery.objects.get()
    assert (delivery.state, delivery.status_code, delivery.attempts) == ("delivered", 200, 1)
    assert send_due(timezone.now() + timedelta(days=9)) == 0


def test_only_chosen_kinds_are_sent_and_only_to_their_owner(
    alice: User, receiver: Receiver
) -> None:
    for owner, kinds in ((alice, ("order.filled",)), (make_user("bob@example.com"), ())):
        own_webhooks.add_webhook(
            owner=owner, terms=WebhookTerms(receiver.url, kinds=kinds), added_at=timezone.now()
        )
    tell(alice)
    assert not WebhookDelivery.objects.exists()


def test_a_relayed_event_taken_twice_is_delivered_once(alice: User, webhook: Webhook) -> None:
    event = tell(alice)
    delivering.take_events([event], at=timezone.now())
    assert WebhookDelivery.objects.count() == 1


def test_secrets_are_rotated_without_a_gap(
    alice: User, webhook: Webhook, receiver: Receiver
) -> None:
    former = receiver.secret
    now = timezone.now()
    _, following = own_webhooks.rotate_secret(owner=alice, webhook_id=webhook.id, rotated_at=now)
    assert following != former
    for secret in (former, following):
        receiver.secret = secret
        tell(alice)
        send_due()
    assert (len(receiver.events), receiver.refused) == (2, 0)
    assert len(receiver.signed[-1]["Webhook-Signature"].split()) == 2
    Webhook.objects.update(former_until=now)
    receiver.secret = former
    tell(alice)
    send_due()
    assert receiver.refused == 1


def test_ten_tries_over_three_days_and_no_more(
    alice: User, webhook: Webhook, receiver: Receiver
) -> None:
    receiver.status = 500
    tell(alice)
    began = at = timezone.now()
    delivery = WebhookDelivery.objects.get()
    while delivery.state == "waiting":
        assert send_due(at) == 1
        delivery.refresh_from_db()
        assert send_due(delivery.due_at - timedelta(seconds=1)) == 0 or delivery.attempts > 9
        at = delivery.due_at
    assert receiver.attempts == {str(delivery.event_id): ATTEMPTS}
    assert len(set(receiver.bodies)) == 1
    assert timedelta(hours=67) < at - began < timedelta(hours=84)
    assert delivery.error == "It answered 500."


def test_pauses_sum_up_to_seventy_five_hours_and_vary_by_a_tenth() -> None:
    assert sum(PAUSES, timedelta()) // timedelta(hours=1) == 75
    for attempts, pause in enumerate(PAUSES, start=1):
        assert pause_after(attempts, chance=0) == pause * 0.9
        assert pause_after(attempts, chance=1) == pause * 1.1
    assert pause_after(ATTEMPTS, chance=0.5) is None
    assert pause_after(1, chance=0.5, asked_seconds=90) == timedelta(seconds=90)


def test_what_a_busy_receiver_asks_for_is_given(
    alice: User, webhook: Webhook, receiver: Receiver
) -> None:
    receiver.status, receiver.headers = 503, {"Retry-After": "600"}
    tell(alice)
    at = timezone.now()
    send_due(at)
    assert WebhookDelivery.objects.get().due_at == at + timedelta(seconds=600)


def test_one_that_is_gone_is_disabled_at_once_and_its_owner_told(
    alice: User, webhook: Webhook, receiver: Receiver
) -> None:
    receiver.status = 410
    tell(alice)
    send_due()
    webhook.refresh_from_db()
    assert not webhook.is_enabled
    assert "410" in webhook.disabled_because
    outbox.relay_due(at=timezone.now())
    assert Notification.objects.filter(kind="webhook.disabled").count() == 1
    tell(alice)
    assert send_due(timezone.now() + timedelta(days=1)) == 0


def test_one_that_fails_for_days_is_disabled_and_sends_again_once_enabled(
    alice: User, webhook: Webhook, receiver: Receiver
) -> None:
    receiver.status = 500
    now = timezone.now()
    tell(alice, at=now)
    send_due(now)
    webhook.refresh_from_db()
    assert webhook.failing_since == now
    later = now + timedelta(days=5)
    tell(alice, at=later)
    send_due(later)
    webhook.refresh_from_db()
    assert webhook.disabled_because == "It has failed for 5 days."
    assert send_due(later + timedelta(days=1)) == 0

    receiver.status, receiver.secret = 200, ""
    own_webhooks.change_webhook(
        owner=alice,
        webhook_id=webhook.id,
        terms=WebhookTerms(receiver.url),
        is_enabled=True,
        changed_at=later,
    )
    assert send_due(later + timedelta(days=1)) == 2
    assert len(receiver.events) == 2


def test_a_success_ends_the_failing(alice: User, webhook: Webhook, receiver: Receiver) -> None:
    receiver.status = 500
    tell(alice)
    send_due()
    receiver.status = 200
    send_due(timezone.now() + timedelta(seconds=20))
    webhook.refresh_from_db()
    assert webhook.failing_since is None


def test_whoever_dies_in_mid_delivery_leaves_it_to_another(
    alice: User, webhook: Webhook, receiver: Receiver
) -> None:
    tell(alice)
    now = timezone.now()
    (lost,) = delivering.take_due(at=now, limit=5)
    assert delivering.take_due(at=now + timedelta(seconds=59), limit=5) == []
    assert send_due(now + timedelta(seconds=60)) == 1
    delivering.deliver(lost, at=now)
    assert list(receiver.attempts.values()) == [2]
    assert len(receiver.events) == 1


def test_a_test_goes_to_one_webhook(alice: User, webhook: Webhook, receiver: Receiver) -> None:
    own_webhooks.send_test(owner=alice, webhook_id=webhook.id, sent_at=timezone.now())
    send_due()
    assert json.loads(receiver.bodies[0])["type"] == TEST


def test_a_replay_has_the_same_id_and_body(
    alice: User, webhook: Webhook, receiver: Receiver
) -> None:
    tell(alice)
    send_due()
    delivery = WebhookDelivery.objects.get()
    own_webhooks.replay(owner=alice, delivery_id=delivery.id, at=timezone.now())
    send_due()
    assert list(receiver.attempts.values()) == [2]
    assert receiver.bodies[0] == receiver.bodies[1]


@pytest.mark.parametrize(
    "url",
    [
        *("http://93.184.216.34/", "https://127.0.0.1/", "https://10.0.0.1/hook", "ftp://x/", ""),
        *("https://user:secret@hooks.example/", "https://169.254.169.254/latest", "https://[::1]/"),
        *("https://2130706433/", "https://hooks.example:22/", "https://" + "x" * 2_048),
    ],
)
def test_addresses_inside_are_not_kept(alice: User, url: str) -> None:
    with pytest.raises(WebhookRefused) as caught:
        own_webhooks.add_webhook(owner=alice, terms=WebhookTerms(url), added_at=timezone.now())
    assert caught.value.problems[0].field == "url"


def test_an_address_that_turns_inward_later_is_not_touched(
    alice: User, webhook: Webhook, receiver: Receiver, settings: Settings
) -> None:
    tell(alice)
    settings.OWN_NETWORKS = []
    send_due()
    assert receiver.bodies == []
    assert "loopback" in WebhookDelivery.objects.get().error


def test_there_may_be_so_many_and_no_more(alice: User, settings: Settings) -> None:
    terms = WebhookTerms("https://hooks.example/")
    for _ in range(settings.LIMITS.webhooks_per_user):
        own_webhooks.add_webhook(owner=alice, terms=terms, added_at=timezone.now())
    with pytest.raises(WebhookRefused, match="You may have 10"):
        own_webhooks.add_webhook(owner=alice, terms=terms, added_at=timezone.now())


def test_secrets_do_not_stand_in_the_database(alice: User, webhook: Webhook) -> None:
    secret = own_webhooks.secrets_of(webhook, at=timezone.now())[0]
    assert secret not in bytes(webhook.secret)
    assert secret.hex() not in str(list(Webhook.objects.values()))


def test_old_deliveries_are_forgotten(alice: User, webhook: Webhook) -> None:
    tell(alice)
    assert delivering.sweep(at=timezone.now() + timedelta(days=29)) == 0
    assert delivering.sweep(at=timezone.now() + timedelta(days=31)) == 1
