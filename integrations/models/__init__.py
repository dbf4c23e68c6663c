from integrations.models.notifications import (
    Notification,
    NotificationChoice,
    NotificationMail,
    QuietHours,
)
from integrations.models.outbox import OutboxEvent

__all__ = [
    "Notification",
    "NotificationChoice",
    "NotificationMail",
    "OutboxEvent",
    "QuietHours",
]
