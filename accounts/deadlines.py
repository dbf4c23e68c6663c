"""Until when the request of this thread must have done what it does.

The database asks before each statement and before each commit, so nothing is committed late.
After a commit the request is let go: what was done is answered as done.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

from django.db import DatabaseError


class DeadlinePassed(DatabaseError):
    """The request took too long. Django rolls back for errors of the database, so it is one."""


@dataclass(slots=True)
class Deadline:
    """``expires_at`` counts in seconds of ``clock``."""

    expires_at: float
    has_committed: bool = False
    clock: Callable[[], float] = time.monotonic

    @property
    def remaining_seconds(self) -> float:
        return self.expires_at - self.clock()

    def check(self) -> None:
        """Raises:
        DeadlinePassed: it is too late to begin anything.
        """
        if not self.has_committed and self.remaining_seconds <= 0:
            raise DeadlinePassed("The request took too long.")


_deadline: Final[ContextVar[Deadline | None]] = ContextVar("deadline", default=None)


def current() -> Deadline | None:
    """The deadline of the request that runs here; ``None`` outside of the API."""
    return _deadline.get()


@contextmanager
def bounded_by(deadline: Deadline | None) -> Iterator[Deadline | None]:
    """Hold whatever the database is asked within the block to the deadline, or to none."""
    token = _deadline.set(deadline)
    try:
        yield deadline
    finally:
        _deadline.reset(token)
