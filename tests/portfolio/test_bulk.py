"""Columns that are written out for ``unnest`` arrive as they were."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.db import DataError

from portfolio.bookkeeping.bulk import columns_of, fetch_rows

TEXTS = (
    *("plain", "", " ", "NULL", "null", "a,b", "{a}", '"', '""', "\\", '\\"', "\\N", "\\x41"),
    *("it's", "%s", "line\nbreak", "tab\t", "é 😀", "'); --"),
)


@pytest.mark.django_db
def test_any_text_arrives_as_it_was() -> None:
    rows = [(number, text) for number, text in enumerate(TEXTS)] + [(99, None)]
    found = fetch_rows("SELECT * FROM unnest(%s::int[], %s::text[])", columns_of(rows, width=2))
    assert found == rows


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("numeric", [Decimal("1.50"), None, Decimal("-1E-10")]),
        ("uuid", [None, UUID(int=7)]),
        ("bool", [True, False, None]),
        ("date", [date(2026, 1, 5), None]),
        ("timestamptz", [datetime(2026, 1, 5, 12, tzinfo=UTC), None]),
        ("bytea", [b"\\x00", b"", None]),
        ("text", [None, None]),
    ],
)
def test_every_kind_arrives_as_it_was(kind: str, values: list[Any]) -> None:
    found = fetch_rows(
        f"SELECT * FROM unnest(%s::{kind}[])", columns_of([(one,) for one in values], width=1)
    )
    assert [row[0] for row in found] == values


@pytest.mark.django_db
def test_what_is_no_text_for_the_database_is_refused() -> None:
    with pytest.raises((DataError, ValueError), match="NUL"):
        fetch_rows("SELECT * FROM unnest(%s::text[])", columns_of([("a\x00b",)], width=1))
