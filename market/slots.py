"""What the ids of this app's addresses name."""

from typing import Final

from accounts.slots import Reach, Slot

SLOTS: Final = (
    Slot("address", "instrument", Reach.ANYBODY),
    Slot("symbol", "instrument", Reach.ANYBODY),
    Slot("watchlist_id", "watchlist", Reach.OWNER),
    # One about a holding; an alert about prices alone is any key's.
    Slot("alert_id", "alert", Reach.OWNER, is_bound=True),
    Slot("instrument_id", "instrument of the master", Reach.STAFF),
    Slot("action_id", "corporate action", Reach.STAFF),
    Slot("run_id", "price import", Reach.STAFF),
    Slot("row_id", "quarantined row", Reach.STAFF),
)
