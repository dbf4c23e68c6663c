"""What COPY gives out of PostgreSQL, whole: text or numbers of so many rows as fit the memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection
from psycopg import ClientCursor


def copy_out(statement: str, parameters: Sequence[Any] | Mapping[str, Any]) -> bytes:
    """The bytes that ``COPY … TO STDOUT`` sends; the format is the statement's.

    COPY takes no parameters, so they are written into it. Django's cursor does so itself only
    where it does not log its queries.
    """
    with connection.cursor() as cursor:
        composed = ClientCursor(connection.connection).mogrify(statement, parameters)
        with cursor.copy(composed) as copy:
            return b"".join(bytes(part) for part in copy)
