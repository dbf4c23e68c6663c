"""Webhooks for programs."""

from typing import Final
from uuid import UUID

from django.utils import timezone
from ninja import Query, Router
from ninja.responses import Status

from accounts.auth import KeyAuth
from accounts.cursors import Listing
from accounts.errors import NotFound
from accounts.http import ApiRequest
from accounts.idempotency import idempotent
from accounts.schemas import PageIn
from integrations.models import Webhook, WebhookDelivery
from integrations.webhooks import own_webhooks
from integrations.webhooks.schemas import (
    DeliveryList,
    DeliveryOut,
    NewWebhookOut,
    WebhookChangeIn,
    WebhookIn,
    WebhookList,
    WebhookOut,
)

router: Final = Router(tags=["Webhooks"])
NEWEST_FIRST: Final = ("-created_at", "-id")


def find_webhook(request: ApiRequest, webhook_id: UUID) -> Webhook:
    """Raises:
    NotFound: the caller has no such webhook.
    """
    found = Webhook.objects.for_user(request.auth.user).filter(id=webhook_id).first()
    if found is None:
        raise NotFound("There is no such webhook.")
    return found


@router.get("/webhooks", response=WebhookList, auth=KeyAuth("read"))
def list_webhooks(request: ApiRequest, asked: Query[PageIn]) -> WebhookList:
    """Where the caller has events sent, newest first; secrets are never shown again."""
    page = Listing(request.auth, "webhooks", {}).page(
        Webhook.objects.for_user(request.auth.user),
        order=NEWEST_FIRST,
        limit=asked.limit,
        cursor=asked.cursor,
    )
    items = [WebhookOut.of(row) for row in page.items]
    return WebhookList(items=items, next_cursor=page.next_cursor)


@router.post("/webhooks", response={201: NewWebhookOut}, auth=KeyAuth("trade"))
@idempotent(required=False, confidential=True)
def add_webhook(request: ApiRequest, payload: WebhookIn) -> Status[NewWebhookOut]:
    """Have events sent to an address from now on; the answer has the secret, this once."""
    webhook, secret = own_webhooks.add_webhook(
        owner=request.auth.user, terms=payload.to_terms(), added_at=timezone.now()
    )
    return Status(201, NewWebhookOut.with_secret(webhook, secret))


@router.get("/webhooks/{uuid:webhook_id}", response=WebhookOut, auth=KeyAuth("read"))
def read_webhook(request: ApiRequest, webhook_id: UUID) -> WebhookOut:
    """One webhook, and how it fares."""
    return WebhookOut.of(find_webhook(request, webhook_id))


@router.patch("/webhooks/{uuid:webhook_id}", response=WebhookOut, auth=KeyAuth("trade"))
def change_webhook(request: ApiRequest, webhook_id: UUID, payload: WebhookChangeIn) -> WebhookOut:
    """Change what is given. Enabling sends what waits."""
    webhook = find_webhook(request, webhook_id)
    changed = own_webhooks.change_webhook(
        owner=request.auth.user,
        webhook_id=webhook.id,
        terms=payload.terms_for(webhook),
        is_enabled=webhook.is_enabled if payload.is_enabled is None else payload.is_enabled,
        changed_at=timezone.now(),
    )
    return WebhookOut.of(changed)


@router.delete("/webhooks/{uuid:webhook_id}", response={204: None}, auth=KeyAuth("trade"))
def delete_webhook(request: ApiRequest, webhook_id: UUID) -> Status[None]:
    """Send nothing more, and forget what was sent."""
    own_webhooks.delete_webhook(
        owner=request.auth.user, webhook_id=webhook_id, deleted_at=timezone.now()
    )
    return Status(204, None)


@router.post(
    "/webhooks/{uuid:webhook_id}/secret-rotation", response=NewWebhookOut, auth=KeyAuth("trade")
)
@idempotent(required=False, confidential=True)
def rotate_webhook_secret(request: ApiRequest, webhook_id: UUID) -> NewWebhookOut:
    """Make a new secret, shown this once; for a day the former signs beside it."""
    webhook, secret = own_webhooks.rotate_secret(
        owner=request.auth.user, webhook_id=webhook_id, rotated_at=timezone.now()
    )
    return NewWebhookOut.with_secret(webhook, secret)


@router.post("/webhooks/{uuid:webhook_id}/test", response={202: DeliveryOut}, auth=KeyAuth("trade"))
@idempotent(required=False)
def test_webhook(request: ApiRequest, webhook_id: UUID) -> Status[DeliveryOut]:
    """Send an event of the kind `webhook.test` to this webhook alone."""
    delivery = own_webhooks.send_test(
        owner=request.auth.user, webhook_id=webhook_id, sent_at=timezone.now()
    )
    return Status(202, DeliveryOut.of(delivery))


@router.get("/webhooks/{uuid:webhook_id}/deliveries", response=DeliveryList, auth=KeyAuth("read"))
def list_deliveries(request: ApiRequest, webhook_id: UUID, asked: Query[PageIn]) -> DeliveryList:
    """What was sent or waits to be, newest first; kept for 30 days."""
    webhook = find_webhook(request, webhook_id)
    page = Listing(request.auth, "deliveries", {"webhook_id": webhook_id}).page(
        WebhookDelivery.objects.filter(webhook=webhook),
        order=NEWEST_FIRST,
        limit=asked.limit,
        cursor=asked.cursor,
    )
    items = [DeliveryOut.of(row) for row in page.items]
    return DeliveryList(items=items, next_cursor=page.next_cursor)


@router.post(
    "/deliveries/{uuid:delivery_id}/replay", response={202: DeliveryOut}, auth=KeyAuth("trade")
)
@idempotent(required=False)
def replay_delivery(request: ApiRequest, delivery_id: UUID) -> Status[DeliveryOut]:
    """Send it again with the same id and body, so that a receiver can tell it from a new one."""
    delivery = own_webhooks.replay(
        owner=request.auth.user, delivery_id=delivery_id, at=timezone.now()
    )
    return Status(202, DeliveryOut.of(delivery))
