"""Where an adapter keeps a session that it opened, so that the next worker opens no other."""

from __future__ import annotations

from typing import Protocol


class SessionPlace(Protocol):
    """Of one connection. What is kept may be gone at any time, and may have ended at the broker."""

    def read(self) -> str:
        """Empty where none is kept."""
        ...

    def keep(self, session: str) -> None: ...

    def forget(self) -> None: ...


class Nowhere:
    """Sessions end with the process that opened them."""

    def read(self) -> str:
        return ""

    def keep(self, session: str) -> None:
        """It is not kept."""

    def forget(self) -> None:
        """There is nothing to forget."""
