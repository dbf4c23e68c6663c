"""A person's keys and sessions, and what is told or handed out to him."""

from __future__ import annotations

from datetime import timedelta

from allauth.usersessions.models import UserSession
from django.utils import timezone

from accounts.api_keys import issue_key
from integrations.exports import nights
from integrations.exports.requesting import NewExport, request_export
from integrations.models import Export, Notification, OutboxEvent, Webhook
from integrations.notifications.inbox import take_events
from integrations.webhooks import own_webhooks
from integrations.webhooks.own_webhooks import WebhookTerms
from tests.authorisation.person import Person


def api_key_of(person: Person) -> str:
    made, _ = issue_key(
        owner=person.user, name=f"{person.mark} key", scopes=["read"], created_at=timezone.now()
    )
    return str(made.id)


def session_of(person: Person) -> str:
    made = UserSession.objects.create(
        # One that stands nowhere else in an answer; a 4 does in every 404.
        id=880_000_000 + UserSession.objects.count(),
        user=person.user,
        ip="127.0.0.1",
        last_seen_at=timezone.now(),
        session_key=f"{person.mark}-session",
        user_agent=f"{person.mark} browser",
    )
    return str(made.pk)


def event_of(person: Person) -> OutboxEvent:
    api_key_of(person)
    return OutboxEvent.objects.filter(owner=person.user).latest("id")


def notification_of(person: Person) -> str:
    event = event_of(person)
    take_events([event], at=timezone.now())
    return str(Notification.objects.get(event_id=event.id).id)


def webhook_of(person: Person) -> Webhook:
    made, _ = own_webhooks.add_webhook(
        owner=person.user,
        terms=WebhookTerms(f"https://{person.mark}.example/hook"),
        added_at=timezone.now(),
    )
    return made


def delivery_of(person: Person) -> str:
    made = own_webhooks.send_test(
        owner=person.user, webhook_id=webhook_of(person).id, sent_at=timezone.now()
    )
    return str(made.id)


def export_of(person: Person) -> Export:
    """Of his books; nobody writes it here."""
    today = timezone.now().date()
    wanted = NewExport(
        dataset="fills",
        start=today - timedelta(days=1),
        end=today,
        portfolio_id=person.portfolio.id,
    )
    return request_export(owner=person.user, wanted=wanted, requested_at=timezone.now())


def nightly_export() -> Export:
    """The desk's own, the same for everybody."""
    nights.request_due_nights(at=timezone.now())
    found = Export.objects.nightly().order_by("id").first()
    assert found is not None
    return found
