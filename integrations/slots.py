"""What the ids of this app's addresses name."""

from typing import Final

from accounts.slots import Reach, Slot

SLOTS: Final = (
    Slot("notification_id", "notification", Reach.OWNER),
    Slot("webhook_id", "webhook", Reach.OWNER),
    Slot("delivery_id", "delivery", Reach.OWNER),
    Slot("connection_id", "connection", Reach.OWNER, is_bound=True),
    Slot("sync_id", "sync", Reach.OWNER, is_bound=True),
    Slot("event_id", "event", Reach.STAFF),
    Slot("activity_type", "activity type", Reach.ANYBODY),
)
