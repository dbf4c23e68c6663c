"""What the ids of this app's addresses name."""

from typing import Final

from accounts.slots import Reach, Slot

SLOTS: Final = (
    Slot("address", "instrument", Reach.ANYBODY),
    Slot("symbol", "instrument", Reach.ANYBODY),
    Slot("watchlist_id", "watchlist", Reach.OWNER),
    Slot("alert_id", "alert", Reach.OWNER),
    Slot("instrument_id", "instrument", Reach.ANYBODY),
    Slot("action_id", "corporate action", Reach.STAFF),
    Slot("run_id", "price import", Reach.STAFF),
)
