"""Rows in sets: COPY in, arrays for ``unnest``, tuples out.

Within a flow (``accounts.statement_flow``) all statements are prepared, and nobody waits for one
whose answer is not read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection

from accounts.array_literals import array_literal, quoted_item
from accounts.statement_flow import Answer, ask, is_flowing

Row = tuple[Any, ...]
Parameters = Sequence[Any] | Mapping[str, Any]


def columns_of(rows: Iterable[Sequence[Any]], *, width: int) -> list[Any]:
    """Turn rows into one array per column, as ``unnest`` takes them."""
    return [array(column) for column in zip(*rows, strict=True)] or [[] for _ in range(width)]


def array(values: Sequence[Any]) -> Any:
    """A column as PostgreSQL reads arrays.

    Most are written out, see ``accounts.array_literals``; the query names the array's type.
    """
    first = next((value for value in values if value is not None), None)
    if isinstance(first, UUID):
        return array_literal(["NULL" if one is None else one.hex for one in values])
    if first is None or isinstance(first, (Decimal, int, date)):
        return array_literal(["NULL" if one is None else str(one) for one in values])
    if isinstance(first, str):
        return array_literal(["NULL" if one is None else quoted_item(one) for one in values])
    if isinstance(first, bytes):
        texts = ("NULL" if one is None else quoted_item(f"\\x{one.hex()}") for one in values)
        return array_literal(texts)
    return list(values)


def send(query: str, parameters: Parameters) -> Answer:
    """Send a statement whose rows are read later; other statements may follow before that."""
    if is_flowing():
        return ask(query, parameters)
    cursor = connection.cursor()
    cursor.execute(query, parameters)
    return Answer(cursor)


def fetch_rows(query: str, parameters: Parameters) -> list[Row]:
    return send(query, parameters).rows()


def execute(query: str, parameters: Parameters) -> None:
    if is_flowing():
        ask(query, parameters)
        return
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)


def copy_rows(table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Append rows to a table by COPY. ``table`` and ``columns`` are constants of ours."""
    with (
        connection.wrap_database_errors,
        connection.cursor() as cursor,
        cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row(row)


def add_rows(table: str, columns: Mapping[str, str], rows: Iterable[Sequence[Any]]) -> None:
    """Append rows, by COPY or, within a flow, by one statement. All names are constants of ours.

    Args:
        columns: the type of each, in the order of the rows.
    """
    if not is_flowing():
        copy_rows(table, list(columns), rows)
        return
    arrays = ", ".join(f"%s::{kind}[]" for kind in columns.values())
    names = ", ".join(columns)
    query = f"INSERT INTO {table} ({names}) SELECT * FROM unnest({arrays})"
    ask(query, columns_of(rows, width=len(columns)))
