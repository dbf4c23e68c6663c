"""Statements that the server parses and plans once a connection, not once a call.

Django writes parameters into the text of a statement, which then is another one each time. For
the few statements that run many times a second with many values, that costs more than it saves.
"""

from __future__ import annotations

from django.db import connection
from django.db.backends.utils import CursorWrapper
from psycopg import Cursor


def prepared_cursor() -> CursorWrapper:
    """A cursor whose statements stay prepared for as long as the connection lasts.

    Parameters are sent beside the statement; each needs a type in it, as ``%s::int4[]``.
    """
    connection.ensure_connection()
    raw = connection.connection
    # Without a threshold nothing is prepared; Django's own cursors never look at it.
    raw.prepare_threshold = 0
    wrapped: CursorWrapper = connection.make_cursor(Cursor(raw))  # type: ignore[arg-type] # stubs
    return wrapped
