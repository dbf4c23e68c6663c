"""What somebody may do with what is shared with him: look, work in it, or dispose of it.

A door says the least role that it needs: a page by its method or by ``owners_only`` of
``accounts.policies``, an endpoint by its scope or by the role of its ``KeyAuth``.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from accounts.errors import AccountsError


class Role(StrEnum):
    VIEWER = "viewer"  # reads
    EDITOR = "editor"  # reads, records and trades
    OWNER = "owner"  # all of it, and says who else may

    def includes(self, needed: Role) -> bool:
        """Whether somebody in this role may do what needs that one."""
        return RANKS.index(self) >= RANKS.index(needed)

    @property
    def enough(self) -> tuple[Role, ...]:
        """Every role in which one may do what needs this one."""
        return RANKS[RANKS.index(self) :]


RANKS: Final = (Role.VIEWER, Role.EDITOR, Role.OWNER)
# What may be given to somebody; an owner there is one.
GIVEN: Final = (Role.EDITOR, Role.VIEWER)


class RoleMissing(AccountsError):
    """It is shared with the caller, but not for this."""

    code = "role_missing"

    def __init__(self, *, needed: Role, found: Role) -> None:
        super().__init__(f"This needs the role {needed} in the portfolio; yours is {found}.")
        self.needed = needed
        self.found = found
