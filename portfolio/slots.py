"""What the ids of this app's addresses name."""

from typing import Final

from accounts.slots import Reach, Slot

SLOTS: Final = (
    Slot("portfolio_id", "portfolio", Reach.MEMBERS, is_bound=True),
    Slot("portfolio_ids", "portfolio", Reach.OWNER, is_bound=True),
    Slot("activity_id", "activity", Reach.MEMBERS, is_bound=True),
    Slot("lot_id", "lot", Reach.MEMBERS, is_bound=True),
    Slot("member_id", "member", Reach.MEMBERS, is_bound=True),
    Slot("link_id", "share link", Reach.OWNER, is_bound=True),
    # Whoever was given the address may look at what it opens.
    Slot("share_token", "share token", Reach.ANYBODY),
    Slot("import_id", "file import", Reach.MEMBERS, is_bound=True),
    # What a portfolio is compared with.
    Slot("benchmark_portfolio_id", "portfolio", Reach.MEMBERS, is_bound=True),
    Slot("benchmark_index_id", "index", Reach.OWNER),
    Slot("index_id", "index", Reach.OWNER),
    # A name that everybody knows, such as twr.
    Slot("figure", "figure", Reach.ANYBODY),
    # An entry's name at whoever keeps the other books.
    Slot("external_id", "text", Reach.ANYBODY, is_coined=True),
)
