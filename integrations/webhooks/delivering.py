"""Sending events to webhooks: at least once, each with one id by which receivers tell repeats."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction

from accounts import audit
from integrations import errands, http, outbox
from integrations.events.kinds import WebhookDisabled
from integrations.models import OutboxEvent, Webhook, WebhookDelivery
from integrations.webhooks.bodies import body_of
from integrations.webhooks.own_webhooks import secrets_of
from integrations.webhooks.retries import pause_after
from integrations.webhooks.signing import headers_of

LEASE: Final = timedelta(minutes=1)
FAILING_MAXIMUM: Final = timedelta(days=5)
KEPT: Final = timedelta(days=30)
GONE: Final = 410
ANSWER_BYTES: Final = 64 * 1024
ERROR_CHARACTERS: Final = 300


def take_events(events: Sequence[OutboxEvent], *, at: datetime) -> None:
    """Write the deliveries of events, each once; a consumer of the outbox."""
    owner_ids = {event.owner_id for event in events}
    webhooks: dict[object, list[Webhook]] = {}
    for webhook in Webhook.objects.enabled().filter(owner_id__in=owner_ids, owner__is_active=True):
        webhooks.setdefault(webhook.owner_id, []).append(webhook)
    WebhookDelivery.objects.bulk_create(
        (
            WebhookDelivery(
                webhook=webhook,
                event_id=event.id,
                kind=event.kind,
                body=body_of(event.id, event.kind, event.data, occurred_at=event.occurred_at),
                created_at=at,
                due_at=at,
            )
            for event in events
            for webhook in webhooks.get(event.owner_id, ())
            if not webhook.kinds or event.kind in webhook.kinds
        ),
        ignore_conflicts=True,
    )


def take_due(*, at: datetime, limit: int) -> list[WebhookDelivery]:
    due = WebhookDelivery.objects.filter(webhook__disabled_at=None).select_related("webhook")
    return errands.take(due, at=at, lease=LEASE, limit=limit)


def deliver(delivery: WebhookDelivery, *, at: datetime) -> None:
    """Try one that was taken, and note what came of it."""
    webhook, body = delivery.webhook, delivery.body.encode()
    signed = headers_of(
        message_id=str(delivery.event_id),
        sent_at=at,
        body=body,
        secrets=secrets_of(webhook, at=at),
    )
    answer = None
    try:
        answer = http.send(
            "POST",
            webhook.url,
            headers={"Content-Type": "application/json", **signed},
            content=body,
            seconds=settings.LIMITS.webhook_answer_seconds,
            size=ANSWER_BYTES,
        )
        error = "" if 200 <= answer.status < 300 else f"It answered {answer.status}."
    except http.RequestFailed as failure:
        error = str(failure)
    note(delivery, answer, error=error[:ERROR_CHARACTERS], at=at)


@transaction.atomic
def note(
    delivery: WebhookDelivery, answer: http.Answer | None, *, error: str, at: datetime
) -> None:
    """Write down what came of an attempt: done, again later, given up, or no more to this one."""
    webhook = Webhook.objects.select_for_update().filter(id=delivery.webhook_id).first()
    if webhook is None:  # deleted in the meantime
        return
    delivery.status_code = None if answer is None else answer.status
    delivery.error = error
    if not error:
        delivery.done_at = at
        if webhook.failing_since is not None:
            webhook.failing_since = None
            webhook.save(update_fields=["failing_since"])
    else:
        _put_off(delivery, answer, at=at)
        _judge(webhook, answer, at=at)
    delivery.save(update_fields=["status_code", "error", "done_at", "given_up_at", "due_at"])


def _put_off(delivery: WebhookDelivery, answer: http.Answer | None, *, at: datetime) -> None:
    asked = None
    if answer is not None and "Retry-After" in answer.headers:
        asked = answer.retry_after_seconds(now=at.timestamp())
    # It spreads pauses and guards nothing.
    chance = random.random()  # noqa: S311 # nosec B311
    pause = pause_after(delivery.attempts, chance=chance, asked_seconds=asked)
    if pause is None or (answer is not None and answer.status == GONE):
        delivery.given_up_at = at
    else:
        delivery.due_at = at + pause


def _judge(webhook: Webhook, answer: http.Answer | None, *, at: datetime) -> None:
    """Disable what is gone, or has failed for days; its owner is told."""
    if answer is not None and answer.status == GONE:
        disable(webhook, because="It answered 410, which means that it is gone.", at=at)
    elif webhook.failing_since is None:
        webhook.failing_since = at
        webhook.save(update_fields=["failing_since"])
    elif at - webhook.failing_since >= FAILING_MAXIMUM:
        disable(webhook, because=f"It has failed for {FAILING_MAXIMUM.days} days.", at=at)


def disable(webhook: Webhook, *, because: str, at: datetime) -> None:
    """Send nothing more until the owner enables it, and tell him; it is locked."""
    if not webhook.is_enabled:
        return
    webhook.disabled_at, webhook.disabled_because = at, because
    webhook.save(update_fields=["disabled_at", "disabled_because"])
    audit.record(
        action="webhook.disabled",
        owner_id=webhook.owner_id,
        target="webhook",
        target_id=str(webhook.id),
        before={"disabled_at": None},
        after={"disabled_at": at, "because": because},
        occurred_at=at,
    )
    event = WebhookDisabled(
        owner_id=webhook.owner_id,
        occurred_at=at,
        webhook_id=webhook.id,
        url=webhook.url,
        reason=because,
    )
    outbox.put([event], recorded_at=at)


def sweep(*, at: datetime) -> int:
    """Forget deliveries of a month ago; what waits that long waits at a disabled webhook."""
    count, _ = WebhookDelivery.objects.filter(created_at__lt=at - KEPT).delete()
    return count
