"""Statements that are planned once a connection, and sent without waiting for each answer.

Django writes parameters into the text of a statement, which then is another one each time, and
waits for its answer before the next. For those that run many times a second, planning and waiting
cost more than the work itself.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from django.conf import settings
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from psycopg import ClientCursor, Cursor
from psycopg.pq import PipelineStatus
from psycopg.pq.abc import PGconn
from psycopg.rows import tuple_row
from psycopg.waiting import Ready, Wait

Parameters = Sequence[Any] | Mapping[str, Any]

COMMIT: Final = "COMMIT"
# Of the arrays of a statement: some ten rows of ids and amounts.
SHORT_CHARACTERS: Final = 2_000


class Answer:
    """What a statement will have found; nobody waits for it before it is read."""

    def __init__(self, cursor: CursorWrapper) -> None:
        self._cursor: Final = cursor

    def rows(self) -> list[Any]:
        """Wait for the rows; once."""
        send_queued()
        with self._cursor:
            rows: list[Any] = self._cursor.fetchall()
            return rows


@contextmanager
def flow(*, is_prepared: bool = True) -> Iterator[None]:
    """Send the statements of the block one after the other; who reads an answer waits for it.

    What fails is raised where the next answer is read, by the commit, or at the end of the block,
    whichever comes first. Nothing is copied within a flow. Django's own cursors wait, as ever.

    Args:
        is_prepared: whether statements stay planned for as long as the connection lasts; not
            where a pooler may give each transaction another one.
    """
    connection.ensure_connection()
    # Without a threshold nothing is prepared.
    connection.connection.prepare_threshold = 0 if is_prepared else None
    with connection.wrap_database_errors, connection.connection.pipeline() as pipeline:

        def wait(execute: Any, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
            result = execute(sql, params, many, context)
            # Models count at once how many rows they have changed.
            if isinstance(context["cursor"].cursor, ClientCursor):
                # As Django's own cursor does around what it executes.
                with connection.wrap_database_errors:
                    pipeline.sync()
            return result

        with connection.execute_wrapper(wait):
            yield


@contextmanager
def flowing_transaction() -> Iterator[None]:
    """A transaction that flows, and its commit behind the last statement in the same message.

    Within another transaction it is a part of that, as ``transaction.atomic``.
    """
    is_outermost = not connection.in_atomic_block
    # Neither begin nor end is waited for where the flow is inside.
    with transaction.atomic(), flow():
        yield
        if is_outermost and not connection.needs_rollback:
            # Django finds the transaction over, and runs what waits for that.
            connection.connection.execute(COMMIT)


def is_flowing() -> bool:
    """Whether statements are sent without waiting."""
    raw = connection.connection
    return raw is not None and raw.pgconn.pipeline_status != PipelineStatus.OFF


def prepared_cursor(row_factory: Any = tuple_row) -> CursorWrapper:
    """A cursor whose statements stay prepared for as long as the connection lasts.

    Parameters are sent beside the statement; each needs a type in it, as ``%s::int4[]``.
    """
    connection.ensure_connection()
    # Django's own cursors never look at it.
    connection.connection.prepare_threshold = 0
    return _server_cursor(row_factory)


def frequent_cursor() -> CursorWrapper:
    """A cursor for what requests ask again and again in the same words.

    Its statements are planned once a connection, as a ``prepared_cursor``'s, or each time where
    PREPARED_STATEMENTS says that a pooler stands before PostgreSQL. Every parameter that does not
    tell its type by what it is compared with, or goes into, has it in the statement. Bytes go as
    they are, and not as the hexadecimal text of a statement twice as long.
    """
    if not settings.PREPARED_STATEMENTS:
        return connection.cursor()
    # As Django's own cursor does where it may be the first of a request.
    connection.close_if_health_check_failed()
    return prepared_cursor()


def ask(query: str, parameters: Parameters, *, row_factory: Any = tuple_row) -> Answer:
    """Send a statement of a flow, whole, and read its answer later.

    One of few rows goes out with the next answer that is read, the next of many rows or the end,
    so that PostgreSQL wakes up once for several of them. One of many rows goes at once: there is
    work to be done while the next is made.
    """
    cursor = _server_cursor(row_factory, kind=QueuedCursor)
    cursor.execute(query, parameters)
    if is_short(parameters):
        return Answer(cursor)
    send_queued()
    raw = connection.connection
    # What the driver leaves of a large one would wait for the next.
    if raw.pgconn.flush():
        raw.wait(_sending(raw.pgconn))
    return Answer(cursor)


def _server_cursor(row_factory: Any, *, kind: type[Cursor[Any]] = Cursor) -> CursorWrapper:
    """One that sends parameters beside the statement."""
    cursor = kind(connection.connection, row_factory=row_factory)
    # Noted where statements are, as those of Django's own.
    wrap = connection.make_debug_cursor if connection.queries_logged else connection.make_cursor
    wrapped: CursorWrapper = wrap(cursor)  # type: ignore[arg-type] # stubs
    return wrapped


class QueuedCursor(Cursor[Any]):
    """Adds its statement to those that the connection's pipeline sends next."""

    def _execute_gen(
        self,
        query: Any,
        params: Any = None,
        *,
        prepare: bool | None = None,
        binary: bool | None = None,
    ) -> Any:
        """As the driver's own, which sends each statement in a message of its own."""
        yield from self._start_query(query)
        converted = self._convert_query(query, params)
        yield from self._maybe_prepare_gen(converted, prepare=prepare, binary=binary)
        self._last_query = query
        yield from self._conn._prepared.maintain_gen(self._conn)


def is_short(parameters: Parameters) -> bool:
    """Whether a statement has few rows, going by the arrays in which they come."""
    values = parameters.values() if isinstance(parameters, Mapping) else parameters
    return sum(len(one) for one in values if isinstance(one, str | list)) <= SHORT_CHARACTERS


def send_queued() -> None:
    """Send what the flow has queued, and take in what has been answered by then."""
    raw = connection.connection
    pipeline = raw._pipeline
    if pipeline is not None and pipeline.command_queue:
        with connection.wrap_database_errors, raw.lock:
            raw.wait(pipeline._communicate_gen())


def _sending(pgconn: PGconn) -> Generator[Wait, Ready, None]:
    """Read meanwhile: who has answers that nobody takes does not listen either."""
    is_waiting = True
    while is_waiting:
        ready = yield Wait.RW
        if ready & Ready.R:
            pgconn.consume_input()
        if ready & Ready.W:
            is_waiting = pgconn.flush() != 0
