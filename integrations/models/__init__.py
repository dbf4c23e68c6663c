from integrations.models.notifications import (
    Notification,
    NotificationChoice,
    NotificationMail,
    QuietHours,
)
from integrations.models.outbox import OutboxEvent
from integrations.models.vault import Credential
from integrations.models.webhooks import Webhook, WebhookDelivery

__all__ = [
    "Credential",
    "Notification",
    "NotificationChoice",
    "NotificationMail",
    "OutboxEvent",
    "QuietHours",
    "Webhook",
    "WebhookDelivery",
]
