"""What the ids of this app's addresses name."""

from typing import Final

from accounts.slots import Reach, Slot

SLOTS: Final = (
    Slot("portfolio_id", "portfolio", Reach.OWNER, is_bound=True),
    Slot("portfolio_ids", "portfolio", Reach.OWNER, is_bound=True),
    Slot("activity_id", "activity", Reach.OWNER, is_bound=True),
    Slot("lot_id", "lot", Reach.OWNER, is_bound=True),
    Slot("import_id", "file import", Reach.OWNER, is_bound=True),
    # An entry's name at whoever keeps the other books.
    Slot("external_id", "text", Reach.ANYBODY, is_coined=True),
)
