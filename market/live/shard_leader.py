"""One leader per shard, by a PostgreSQL advisory lock; the others wait and take over.

The lock belongs to a connection of its own. It is free the moment its holder dies, and never
before, for there is no lease that could run out while the holder still works.
"""

from __future__ import annotations

import hashlib
import logging
import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

import psycopg
from django.db import connection

logger = logging.getLogger(__name__)

SHARD_SHAPE: Final = re.compile(r"(\d{1,3})/(\d{1,3})")
# Noticing a dead server must not take longer than a few turns of the caller's loop.
CONNECTION_OPTIONS: Final = {
    "connect_timeout": 3,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 5_000,
}


@dataclass(frozen=True, slots=True)
class Shard:
    """Instruments whose id leaves ``index`` when divided by ``count``."""

    index: int
    count: int

    @classmethod
    def read(cls, text: str) -> Shard:
        """Read ``0/1``.

        Raises:
            ValueError: not an index below a count.
        """
        shape = SHARD_SHAPE.fullmatch(text)
        if shape is None or int(shape[1]) >= int(shape[2]):
            raise ValueError(f"shard was {text!r}, must be like 0/1 or 2/4")
        return cls(int(shape[1]), int(shape[2]))

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"


class Leadership(Enum):
    LEADS = "leads"
    WAITS = "waits"  # another process leads
    UNKNOWN = "unknown"  # PostgreSQL is away


class ShardLeader:
    """This process's claim to lead one shard of one role."""

    def __init__(self, *, role: str, shard: Shard) -> None:
        digest = hashlib.blake2b(f"holdfast {role} {shard}".encode(), digest_size=8).digest()
        self._lock_id = int.from_bytes(digest, "big", signed=True)
        self._connection: psycopg.Connection[tuple[bool]] | None = None
        self._is_away = False

    def claim(self) -> Leadership:
        """Take the lock or make sure that it is still held; call it every second or so."""
        try:
            if self._connection is None:
                found = self._take()
            else:
                self._connection.execute("SELECT 1")
                found = Leadership.LEADS
        except psycopg.OperationalError as error:
            if not self._is_away:
                logger.warning("Leadership is unknown, PostgreSQL is away: %s", error)
            self._is_away = True
            self.release()
            return Leadership.UNKNOWN
        self._is_away = False
        return found

    def release(self) -> None:
        """Give the lock back by closing its connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _take(self) -> Leadership:
        parameters = connection.get_connection_params() | CONNECTION_OPTIONS
        for name in ("context", "cursor_factory", "prepare_threshold", "server_side_binding"):
            parameters.pop(name, None)
        candidate: psycopg.Connection[tuple[bool]] = psycopg.connect(**parameters, autocommit=True)
        row = candidate.execute("SELECT pg_try_advisory_lock(%s)", [self._lock_id]).fetchone()
        if row is not None and row[0]:
            self._connection = candidate
            return Leadership.LEADS
        candidate.close()
        return Leadership.WAITS
