"""What an id in an address, a query or a body names, and who may reach it.

A slot is declared once by its name: wherever ``portfolio_id`` stands, it means a portfolio of the
caller. Each app declares those of its own rows in its ``slots`` module.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Reach(StrEnum):
    OWNER = "owner"  # for everybody else, staff too, there is no such thing
    MEMBERS = "members"  # its owner and whoever he shares it with; nobody else
    STAFF = "staff"  # whoever may call the address at all, and only staff may
    ANYBODY = "anybody"  # whoever may call the address at all

    @property
    def is_private(self) -> bool:
        """Whether for a stranger there is no such thing."""
        return self in {Reach.OWNER, Reach.MEMBERS}


@dataclass(frozen=True, slots=True)
class Slot:
    """One name of an id. ``kind`` says what it names, in the words of the reader."""

    name: str
    kind: str
    reach: Reach
    is_bound: bool = False  # a key bound to portfolios reaches it only through one of them
    # In a body the caller gives a name of his own to something new, instead of naming a row.
    is_coined: bool = False


SLOTS: Final = (
    Slot("key_id", "api key", Reach.OWNER, is_bound=True),
    Slot("session_id", "session", Reach.OWNER),
    Slot("user_id", "user", Reach.STAFF),
)
