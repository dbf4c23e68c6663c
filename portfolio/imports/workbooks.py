"""Workbooks of spreadsheets (XLSX), read a row at a time. Pure."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

from portfolio.imports.errors import ImportTooLarge, UnreadableImport
from portfolio.imports.values import Caps, Line, Sheet

# Whatever a damaged part makes of the library that reads it; broken XML is a SyntaxError.
DAMAGE: Final = (
    *(zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError),
    *(KeyError, ValueError, TypeError, IndexError),
    *(AttributeError, OverflowError, RuntimeError, OSError, SyntaxError),
)
# Empty rows that a sheet may claim between its cells.
GAPS: Final = 10


def is_workbook(names: Iterable[str]) -> bool:
    return any(name.lstrip("/") == "[Content_Types].xml" for name in names)


def workbook_sheets(content: bytes, *, caps: Caps, name: str = "") -> list[Sheet]:
    """Every sheet that has cells; numbers with a point, dates as ISO 8601.

    Raises:
        ImportTooLarge: there are more rows or columns, or longer cells, than allowed.
        UnreadableImport: it is damaged, or of a kind that is not read.
    """
    # Slow to load, and most processes that start never read a workbook.
    from openpyxl import load_workbook  # noqa: PLC0415
    from openpyxl.utils.exceptions import InvalidFileException  # noqa: PLC0415

    try:
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        try:
            sheets = [
                Sheet(f"{name} {sheet.title}".strip()[:80], list(sheet_lines(sheet, caps)))
                for sheet in book.worksheets
            ]
        finally:
            book.close()
    except (InvalidFileException, *DAMAGE) as error:
        raise UnreadableImport(f"The workbook is damaged: {error}.") from error
    found = [sheet for sheet in sheets if sheet.lines]
    if not found:
        raise UnreadableImport("The workbook has no cells.")
    return found


def sheet_lines(sheet: Any, caps: Caps) -> Iterator[Line]:
    """The rows that hold something, numbered as in the sheet from 1.

    Raises:
        ImportTooLarge: there are too many rows, or too long a cell.
        UnreadableImport: a cell holds characters that are no text.
    """
    # What a sheet says of its own size need not be true.
    sheet.reset_dimensions()
    count = 0
    rows = sheet.iter_rows(values_only=True, max_col=caps.columns)
    for number, values in enumerate(rows, start=1):
        if number > caps.rows * GAPS:
            raise ImportTooLarge(f"The sheet {sheet.title[:80]!r} has too many empty rows.")
        cells = tuple(cell_text(value) for value in values)
        if not any(cells):
            continue
        count += 1
        if count > caps.rows:
            raise ImportTooLarge(f"The workbook has more than {caps.rows:,} rows.")
        if max(map(len, cells)) > caps.cell_characters:
            raise ImportTooLarge(f"Row {number} has a cell that is too long.")
        yield Line(number, without_tail(cells))


def without_tail(cells: tuple[str, ...]) -> tuple[str, ...]:
    end = len(cells)
    while end and not cells[end - 1]:
        end -= 1
    return cells[:end]


def cell_text(value: object) -> str:
    """A value as a CSV would have it; numbers without exponent, times as ISO 8601.

    Raises:
        UnreadableImport: it holds characters that are no text.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        # The shortest text that means the same number, as the spreadsheet shows it.
        number = Decimal(repr(value))
        return format(number, "f").removesuffix(".0") if number.is_finite() else ""
    if isinstance(value, datetime):
        return value.isoformat(" ") if value.time() != time() else value.date().isoformat()
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    text = str(value).strip()
    if "\x00" in text:
        raise UnreadableImport("The file holds characters that are no text.")
    return text
