"""What the ids of this app's addresses name."""

from typing import Final

from accounts.slots import Reach, Slot

SLOTS: Final = (
    Slot("order_id", "order", Reach.MEMBERS, is_bound=True),
    Slot("client_order_id", "client order id", Reach.MEMBERS, is_bound=True, is_coined=True),
)
