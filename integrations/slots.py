"""What the ids of this app's addresses name."""

from typing import Final

from accounts.slots import Reach, Slot

SLOTS: Final = (
    Slot("notification_id", "notification", Reach.OWNER),
    Slot("webhook_id", "webhook", Reach.OWNER),
    Slot("delivery_id", "delivery", Reach.OWNER),
    Slot("connection_id", "connection", Reach.OWNER, is_bound=True),
    Slot("sync_id", "sync", Reach.OWNER, is_bound=True),
    Slot("live_order_id", "live order", Reach.OWNER, is_bound=True),
    Slot("export_id", "export", Reach.OWNER, is_bound=True),
    Slot("night_id", "nightly export", Reach.STAFF),
    # Whoever was given the address may fetch what it opens.
    Slot("download_token", "download token", Reach.ANYBODY),
    Slot("event_id", "event", Reach.STAFF),
    Slot("activity_type", "activity type", Reach.ANYBODY),
    Slot("announcement_id", "corporate action", Reach.ANYBODY),
)
