"""A connection that holds statements and commits to the deadline of the request.

Usually that costs nothing: the connections of a web process are opened with the limit of a whole
request, which is right for every statement of a request that has just begun. Only one that has
already used some of its time sends the rest of it ahead of its next statement.
"""

from __future__ import annotations

import math
import select
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final, cast

from django.conf import settings
from django.db.backends.postgresql import base
from django.db.backends.postgresql.psycopg_any import get_adapters_template
from psycopg import adapters
from psycopg.abc import AdaptContext, Buffer
from psycopg.adapt import AdaptersMap, Loader
from psycopg.pq import Format, TransactionStatus

from accounts import deadlines
from accounts.deadlines import Deadline

# As much of a request's time may be gone before its statements are given less than the whole.
SLACK_SECONDS: Final = 0.25
# PostgreSQL does not count what a commit does, so the deferred checks come before it: in the same
# message, because a round trip more would be paid by every request.
COMMIT_IN_TIME: Final = "SET CONSTRAINTS ALL IMMEDIATE; COMMIT"
# What takes back a savepoint is never too late.
UNDOING: Final = ("ROLLBACK TO SAVEPOINT", "RELEASE SAVEPOINT")


TIME_OID: Final = adapters.types["timestamptz"].oid
# Compiled where psycopg is; Django's derives from the one in Python, which takes ten times as long.
TimeLoader: Final = cast("type[Loader]", adapters.get_loader(TIME_OID, Format.TEXT))


class UtcLoader(Loader):
    """Reads a time as Django does, aware and in UTC."""

    timezone = UTC  # Django asks for it, to see whether the loader is the connection's

    def __init__(self, oid: int, context: AdaptContext | None = None) -> None:
        super().__init__(oid, context)
        self._load = TimeLoader(oid, context).load

    def load(self, data: Buffer) -> datetime:
        moment: datetime = self._load(data)  # in the zone of the session
        return moment.astimezone(UTC)


@cache
def utc_adapters() -> AdaptersMap:
    """Django's adapters with the quicker loader of times."""
    adapted = AdaptersMap(get_adapters_template(use_tz=True, timezone=UTC))
    adapted.register_loader("timestamptz", UtcLoader)
    return adapted


class WebProcess:
    """Whether this process answers requests; it says so before it opens a connection."""

    is_this = False


class DatabaseWrapper(base.DatabaseWrapper):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Of the session, in milliseconds: what it was opened with, and what it is now.
        self.usual_timeout_ms: int | None = None
        self.timeout_ms: int | None = None
        # A rollback takes back what was set in its transaction.
        self.is_set_in_transaction = False
        self.execute_wrappers.append(self.execute_in_time)

    def get_connection_params(self) -> dict[str, Any]:
        params: dict[str, Any] = super().get_connection_params()
        if self.timezone is UTC:
            params["context"] = utc_adapters()
        if WebProcess.is_this:
            limits = settings.LIMITS
            # The last word counts.
            params["options"] = (
                f"{params.get('options', '')}"
                f" -c statement_timeout={limits.request_timeout_seconds}s"
                f" -c lock_timeout={limits.request_lock_timeout_seconds}s"
            )
        return params

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        self.usual_timeout_ms = self.timeout_ms = None
        self.is_set_in_transaction = False
        return super().get_new_connection(conn_params)

    def is_usable(self) -> bool:
        """Whether the connection is alive; asked before a request's first statement.

        PostgreSQL says nothing unasked to a healthy connection between requests, and closing one
        is said at once. So a question, which costs as much as a small statement, is needed only
        where something lies there to be read.
        """
        if self.connection is None or self.connection.closed:
            return False
        is_idle = self.connection.info.transaction_status == TransactionStatus.IDLE
        if is_idle and not is_readable(self.connection.fileno()):
            return True
        return bool(super().is_usable())

    def execute_in_time(
        self, execute: Any, sql: str, params: Any, many: bool, context: dict[str, Any]
    ) -> Any:
        # It may be one of psycopg's composed statements.
        if not str(sql).startswith(UNDOING):
            self.keep(deadlines.current())
        return execute(sql, params, many, context)

    def keep(self, deadline: Deadline | None) -> None:
        """Refuse to begin what is late, and bind what begins now to the time that remains.

        Raises:
            DeadlinePassed: nothing remains.
        """
        if deadline is None:
            if self.timeout_ms != self.usual_timeout_ms and self.usual_timeout_ms is not None:
                self.bind(self.usual_timeout_ms)
            return
        deadline.check()
        wanted = timeout_within(deadline)
        if wanted != self.timeout_ms:
            self.bind(wanted)

    def bind(self, timeout_ms: int) -> None:
        # On the connection itself: Django's own cursor would ask us again.
        if self.connection is None or self.needs_rollback:
            return
        with self.wrap_database_errors:
            if self.usual_timeout_ms is None:
                row = self.connection.execute(
                    "SELECT setting::integer FROM pg_settings WHERE name = 'statement_timeout'"
                ).fetchone()
                self.usual_timeout_ms = self.timeout_ms = int(row[0])
            if self.timeout_ms != timeout_ms:
                self.connection.execute(f"SET statement_timeout = {timeout_ms:d}")
                self.timeout_ms = timeout_ms
                self.is_set_in_transaction = self.in_atomic_block

    def _commit(self) -> None:
        deadline = deadlines.current()
        if deadline is not None and self.connection is not None:
            self.keep(deadline)
            with self.wrap_database_errors:
                self.connection.execute(COMMIT_IN_TIME)
        super()._commit()  # type: ignore[misc]  # after ours, nothing is left for it
        self.is_set_in_transaction = False
        if deadline is not None:
            deadline.has_committed = True

    def _rollback(self) -> None:
        super()._rollback()  # type: ignore[misc]
        self.doubt_timeout()

    def _savepoint_rollback(self, sid: str) -> None:
        super()._savepoint_rollback(sid)  # type: ignore[misc]
        self.doubt_timeout()

    def doubt_timeout(self) -> None:
        if self.is_set_in_transaction:
            self.timeout_ms = None
            self.is_set_in_transaction = False


def is_readable(file_descriptor: int) -> bool:
    """Whether something was received and not yet read; the end of a connection counts."""
    poll = select.poll()
    poll.register(file_descriptor, select.POLLIN)
    return bool(poll.poll(0))


def timeout_within(deadline: Deadline) -> int:
    """Milliseconds that a statement may take which begins now; 0 would mean without limit."""
    whole = settings.LIMITS.request_timeout_seconds
    remaining = deadline.remaining_seconds
    if deadline.has_committed or remaining > whole - SLACK_SECONDS:
        return math.ceil(whole * 1000)
    return max(1, math.ceil(remaining * 1000))
