from integrations.models.connections import BrokerRow, Connection, Sync
from integrations.models.exports import Export, ExportFile
from integrations.models.live_orders import Arming, LiveOrder, LiveOrderEvent
from integrations.models.notifications import (
    Notification,
    NotificationChoice,
    NotificationMail,
    QuietHours,
    SlackChannel,
    SlackMessage,
)
from integrations.models.outbox import OutboxEvent
from integrations.models.vault import Credential
from integrations.models.webhooks import Webhook, WebhookDelivery

__all__ = [
    "Arming",
    "BrokerRow",
    "Connection",
    "Credential",
    "Export",
    "ExportFile",
    "LiveOrder",
    "LiveOrderEvent",
    "Notification",
    "NotificationChoice",
    "NotificationMail",
    "OutboxEvent",
    "QuietHours",
    "SlackChannel",
    "SlackMessage",
    "Sync",
    "Webhook",
    "WebhookDelivery",
]
