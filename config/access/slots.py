"""The slots of all apps in one table."""

from __future__ import annotations

from typing import Final

from accounts.slots import SLOTS as ACCOUNTS
from accounts.slots import Slot
from integrations.slots import SLOTS as INTEGRATIONS
from market.slots import SLOTS as MARKET
from portfolio.slots import SLOTS as PORTFOLIO
from trading.slots import SLOTS as TRADING

SLOTS: Final[dict[str, Slot]] = {
    slot.name: slot for slot in (*ACCOUNTS, *MARKET, *PORTFOLIO, *TRADING, *INTEGRATIONS)
}


def names_a_row(field: str) -> bool:
    """Whether a field of a query or body looks as if it named something."""
    return field in SLOTS or field.endswith(("_id", "_ids"))
