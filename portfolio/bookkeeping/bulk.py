"""Rows in sets: COPY in, arrays for ``unnest``, tuples out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection

from accounts.array_literals import array_literal, quoted_item

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
    if first is None or isinstance(first, (Decimal, UUID, int, date)):
        return array_literal(["NULL" if one is None else str(one) for one in values])
    if isinstance(first, str):
        return array_literal(["NULL" if one is None else quoted_item(one) for one in values])
    if isinstance(first, bytes):
        texts = ("NULL" if one is None else quoted_item(f"\\x{one.hex()}") for one in values)
        return array_literal(texts)
    return list(values)


def fetch_rows(query: str, parameters: Parameters) -> list[Row]:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        rows: list[Row] = cursor.fetchall()
        return rows


def execute(query: str, parameters: Parameters) -> None:
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
