"""A user's webhooks: added, changed, their secrets rotated, tried, deleted."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts import audit
from accounts.errors import HoldfastError, NotFound, Problem, ProblemsError
from accounts.identifiers import new_id
from accounts.models import User
from accounts.sealed_answers import seal, unseal
from integrations import http
from integrations.events.kinds import KINDS
from integrations.models import Webhook, WebhookDelivery
from integrations.webhooks.bodies import body_of
from integrations.webhooks.signing import SECRET_BYTES, secret_text

OVERLAP: Final = timedelta(hours=24)
DESCRIPTION_CHARACTERS: Final = 120
TEST: Final = "webhook.test"


class WebhookRefused(ProblemsError):
    """The webhook was not kept; ``problems`` says why."""

    code = "webhook_refused"


class WebhookDisabled(HoldfastError):
    """Nothing is sent to a webhook that is disabled; enable it first."""

    code = "webhook_disabled"


@dataclass(frozen=True, slots=True)
class WebhookTerms:
    url: str
    description: str = ""
    kinds: tuple[str, ...] = ()  # none means all


def find_problems(terms: WebhookTerms) -> list[Problem]:
    problems = []
    try:
        http.check_public(terms.url, needs_tls=True)
    except http.AddressRefused as error:
        problems.append(Problem("url", "refused_address", str(error)))
    if unknown := sorted(set(terms.kinds) - KINDS.keys()):
        message = f"kinds held {', '.join(unknown)}, must be of {', '.join(KINDS)}."
        problems.append(Problem("kinds", "unknown_kind", message))
    if len(terms.description) > DESCRIPTION_CHARACTERS:
        message = (
            f"description had {len(terms.description)} characters, may have"
            f" {DESCRIPTION_CHARACTERS}."
        )
        problems.append(Problem("description", "length", message))
    return problems


@transaction.atomic
def add_webhook(*, owner: User, terms: WebhookTerms, added_at: datetime) -> tuple[Webhook, str]:
    """Have events sent from now on; return the webhook and its secret, shown this once.

    Raises:
        WebhookRefused: address, kinds or description will not do, or there are too many.
    """
    User.objects.select_for_update(no_key=True).get(id=owner.id)
    problems = find_problems(terms)
    allowed: int = settings.LIMITS.webhooks_per_user
    if Webhook.objects.for_user(owner).count() >= allowed:
        problems.append(Problem("", "too_many", f"You may have {allowed} webhooks."))
    if problems:
        raise WebhookRefused(problems)
    secret, webhook_id = os.urandom(SECRET_BYTES), new_id()
    webhook = Webhook.objects.create(
        id=webhook_id,
        owner=owner,
        url=terms.url,
        description=terms.description,
        kinds=sorted(set(terms.kinds)),
        secret=seal(secret, bound_to=webhook_id.bytes),
        created_at=added_at,
    )
    audit.record(
        action="webhook.added",
        **_target(webhook),
        before=None,
        after=_facts(webhook),
        occurred_at=added_at,
    )
    return webhook, secret_text(secret)


@transaction.atomic
def change_webhook(
    *, owner: User, webhook_id: UUID, terms: WebhookTerms, is_enabled: bool, changed_at: datetime
) -> Webhook:
    """Send elsewhere, other kinds, or no more; what was said by then keeps its old body.

    Raises:
        NotFound: the owner has no such webhook.
        WebhookRefused: see ``add_webhook``.
    """
    webhook = locked(owner, webhook_id)
    if problems := find_problems(terms):
        raise WebhookRefused(problems)
    before = _facts(webhook)
    webhook.url, webhook.description = terms.url, terms.description
    webhook.kinds = sorted(set(terms.kinds))
    if is_enabled != webhook.is_enabled:
        webhook.disabled_at = None if is_enabled else changed_at
        webhook.disabled_because = "" if is_enabled else "You disabled it."
        webhook.failing_since = None
    if (after := _facts(webhook)) != before:
        webhook.save()
        audit.record(
            action="webhook.changed",
            **_target(webhook),
            before=before,
            after=after,
            occurred_at=changed_at,
        )
    return webhook


@transaction.atomic
def delete_webhook(*, owner: User, webhook_id: UUID, deleted_at: datetime) -> None:
    """Send nothing more, and forget what was sent.

    Raises:
        NotFound: the owner has no such webhook.
    """
    webhook = locked(owner, webhook_id)
    audit.record(
        action="webhook.deleted",
        **_target(webhook),
        before=_facts(webhook),
        after=None,
        occurred_at=deleted_at,
    )
    webhook.delete()


@transaction.atomic
def rotate_secret(*, owner: User, webhook_id: UUID, rotated_at: datetime) -> tuple[Webhook, str]:
    """Make a new secret; the former signs beside it for a day, so that nothing is refused.

    Raises:
        NotFound: the owner has no such webhook.
    """
    webhook = locked(owner, webhook_id)
    secret = os.urandom(SECRET_BYTES)
    webhook.former_secret, webhook.former_until = webhook.secret, rotated_at + OVERLAP
    webhook.secret = seal(secret, bound_to=webhook.id.bytes)
    webhook.save(update_fields=["secret", "former_secret", "former_until"])
    audit.record(
        action="webhook.rotated",
        **_target(webhook),
        before=None,
        after={"former_until": webhook.former_until},
        occurred_at=rotated_at,
    )
    return webhook, secret_text(secret)


@transaction.atomic
def send_test(*, owner: User, webhook_id: UUID, sent_at: datetime) -> WebhookDelivery:
    """Queue an event of the kind ``webhook.test``, which goes to this webhook alone.

    Raises:
        NotFound: the owner has no such webhook.
        WebhookDisabled: nothing is sent to it.
    """
    webhook = locked(owner, webhook_id)
    if not webhook.is_enabled:
        raise WebhookDisabled("The webhook is disabled; enable it first.")
    event_id = new_id()
    return WebhookDelivery.objects.create(
        webhook=webhook,
        event_id=event_id,
        kind=TEST,
        body=body_of(event_id, TEST, {"webhook_id": str(webhook.id)}, occurred_at=sent_at),
        created_at=sent_at,
        due_at=sent_at,
    )


@transaction.atomic
def replay(*, owner: User, delivery_id: UUID, at: datetime) -> WebhookDelivery:
    """Send a delivery again, with the same id and body, from its first try on.

    One that still waits is only brought forward.

    Raises:
        NotFound: the owner has no such delivery.
        WebhookDisabled: nothing is sent to its webhook.
    """
    found = WebhookDelivery.objects.for_user(owner).select_for_update(of=("self",))
    delivery = found.select_related("webhook").filter(id=delivery_id).first()
    if delivery is None:
        raise NotFound("There is no such delivery.")
    if not delivery.webhook.is_enabled:
        raise WebhookDisabled("The webhook is disabled; enable it first.")
    delivery.done_at = delivery.given_up_at = None
    delivery.attempts, delivery.due_at = 0, at
    delivery.save(update_fields=["done_at", "given_up_at", "attempts", "due_at"])
    return delivery


def locked(owner: User, webhook_id: UUID) -> Webhook:
    """Raises:
    NotFound: the owner has no such webhook.
    """
    found = Webhook.objects.for_user(owner).select_for_update().filter(id=webhook_id).first()
    if found is None:
        raise NotFound("There is no such webhook.")
    return found


def secrets_of(webhook: Webhook, *, at: datetime) -> Sequence[bytes]:
    """What signs now, the newest first."""
    sealed = [webhook.secret]
    if webhook.former_secret and webhook.former_until and at < webhook.former_until:
        sealed.append(webhook.former_secret)
    return [unseal(bytes(one), bound_to=webhook.id.bytes) for one in sealed]


def _facts(webhook: Webhook) -> dict[str, Any]:
    names = ("url", "description", "kinds", "disabled_at")
    return {name: getattr(webhook, name) for name in names}


def _target(webhook: Webhook) -> dict[str, Any]:
    return {
        "owner_id": webhook.owner_id,
        "target": "webhook",
        "target_id": str(webhook.id),
    }
