"""Rows into PostgreSQL by binary COPY, the quickest way in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db.backends.utils import CursorWrapper


def make_temporary_table(cursor: CursorWrapper, table: str, columns: Mapping[str, str]) -> None:
    """Make an empty table that the session keeps and each commit empties.

    ``columns`` maps names to SQL types. A table that is already there is used again.
    """
    # Asking first keeps the server from logging a notice for every batch.
    cursor.execute("SELECT to_regclass(%s)", [f"pg_temp.{table}"])
    row = cursor.fetchone()
    if row is not None and row[0] is not None:
        # Empty already, unless this transaction used it before.
        cursor.execute(f"DELETE FROM pg_temp.{table}")
        return
    definition = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
    cursor.execute(f"CREATE TEMPORARY TABLE {table} ({definition}) ON COMMIT DELETE ROWS")


def copy_rows(
    cursor: CursorWrapper,
    table: str,
    columns: Mapping[str, str],
    rows: Iterable[Sequence[Any]],
) -> None:
    """Write rows whose values stand in the order of ``columns``."""
    names = ", ".join(f'"{name}"' for name in columns)
    # COPY knows no implicit casts, so each value is sent in the very type of its column.
    kinds = [kind.partition("(")[0] for kind in columns.values()]
    with cursor.copy(f"COPY {table} ({names}) FROM STDIN (FORMAT BINARY)") as copy:
        copy.set_types(kinds)
        for row in rows:
            copy.write_row(row)
