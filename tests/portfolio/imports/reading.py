"""Reading files in tests: with the desk's own caps, and rows in few words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from config.limits import LIMITS
from portfolio.imports.reading import read_file
from portfolio.imports.values import Caps, Reading, ReadRow

CAPS: Final = Caps(
    bytes=LIMITS.import_file_bytes,
    unpacked_bytes=LIMITS.import_unpacked_bytes,
    ratio=LIMITS.archive_ratio,
    files=LIMITS.import_files,
    rows=LIMITS.import_rows,
    columns=LIMITS.import_columns,
    cell_characters=LIMITS.import_cell_characters,
)
NUMBERS: Final = ("quantity", "unit_price", "amount", "fees", "taxes", "exchange_rate")


def read(content: bytes | str, *, caps: dict[str, int] | None = None, **options: Any) -> Reading:
    data = content.encode() if isinstance(content, str) else content
    return read_file(data, name="file.csv", caps=replace(CAPS, **(caps or {})), **options)


def in_words(row: ReadRow) -> str:
    """``buy AAPL quantity=10 unit_price=185.5``, or why it is none."""
    if row.skipped:
        return f"skipped: {row.skipped}"
    if row.problems:
        return "; ".join(f"{one.field} {one.code}" for one in row.problems)
    facts = row.facts
    parts = [facts["kind"], row.symbol or row.isin]
    parts += [f"{name}={facts[name]}" for name in NUMBERS if name in facts]
    return " ".join(part for part in parts if part)


def words(content: bytes | str, **options: Any) -> list[str]:
    return [in_words(row) for row in read(content, **options).rows]
