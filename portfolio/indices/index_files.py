"""A file of an index: a column of dates and one of closes. Pure.

Rows that make no sense are answered with their line, and the others count.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final

from portfolio.errors import PortfolioError
from portfolio.imports.errors import BadMoment, BadNumber
from portfolio.imports.moments import find_date_order, parse_moment
from portfolio.imports.numbers import find_decimal_mark, parse_number
from portfolio.imports.sheets import open_sheets
from portfolio.imports.values import Caps, Line, Sheet

DATES: Final = ("date", "day", "datum", "observation_date", "trade date")
CLOSES: Final = ("close", "adj close", "value", "price", "last", "schluss", "kurs", "index")
CLOSE_MAXIMUM: Final = Decimal(10) ** 15
PLACES: Final = 10
WORDS_SHOWN: Final = 40


class UnreadableIndex(PortfolioError):
    """Nothing of the file can be read as dates and closes; the words say why."""

    code = "unreadable_index"


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A line that was not taken; ``code`` and ``message`` say why."""

    line: int
    code: str
    message: str


@dataclass(slots=True)
class IndexFile:
    """Closes by day, and the lines that were not taken."""

    closes: dict[date, Decimal] = field(default_factory=dict)
    refused: list[RefusedRow] = field(default_factory=list)


class BadRow(ValueError):
    """One line makes no close; ``code`` says how."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code: Final = code


def read_index(content: bytes, *, name: str, caps: Caps, today: date) -> IndexFile:
    """Read dates and closes, in whatever separators and decimal marks.

    Args:
        today: later days are refused.

    Raises:
        UnreadableImport: the file is damaged or of no known kind.
        ImportTooLarge: one of the caps is exceeded.
        UnreadableIndex: it has no column of dates, or none of closes.
    """
    sheet = open_sheets(content, name=name, caps=caps)[0]
    date_column, close_column, lines = find_columns(sheet)
    dates = [cell(line, date_column) for line in lines]
    order, _ = find_date_order(dates, usual=None)
    mark = find_decimal_mark(
        (cell(line, close_column) for line in lines), separator=sheet.separator
    )
    found = IndexFile()
    for line in lines:
        try:
            day = parse_moment(cell(line, date_column), order=order, zone="UTC").date()
            close = parse_close(cell(line, close_column), mark)
            refuse_day(day, close, found, today=today)
        except BadMoment as error:
            found.refused.append(RefusedRow(line.number, "bad_date", f"date {error}"))
        except BadRow as error:
            found.refused.append(RefusedRow(line.number, error.code, str(error)))
        else:
            found.closes[day] = close
    return found


def find_columns(sheet: Sheet) -> tuple[int, int, Sequence[Line]]:
    """Raises:
    UnreadableIndex: the first line names no column of dates, or none of closes.
    """
    header = [one.casefold() for one in sheet.lines[0].cells] if sheet.lines else []
    date_column = next(first_of(DATES, header), None)
    close_column = next(first_of(CLOSES, header), None)
    if date_column is None or close_column is None:
        shown = ", ".join(header)[:200] or "nothing"
        raise UnreadableIndex(
            f"The first line must name a column date and one close; it has {shown}."
        )
    return date_column, close_column, sheet.lines[1:]


def first_of(names: Sequence[str], header: Sequence[str]) -> Iterator[int]:
    return (header.index(name) for name in names if name in header)


def cell(line: Line, column: int) -> str:
    return line.cells[column] if column < len(line.cells) else ""


def parse_close(text: str, decimal_mark: str) -> Decimal:
    """Raises:
    BadRow: it is no number, not above zero, or not one that can be stored.
    """
    try:
        close = parse_number(text, decimal_mark=decimal_mark)
    except BadNumber as error:
        raise BadRow("bad_close", f"close {error}") from None
    if not 0 < close < CLOSE_MAXIMUM:
        message = f"close was {text[:WORDS_SHOWN]}, must be > 0 and below {CLOSE_MAXIMUM:f}"
        raise BadRow("out_of_range", message)
    rounded = round(close, PLACES)
    if not rounded:
        raise BadRow("out_of_range", f"close was {text[:WORDS_SHOWN]}, has too many places")
    return rounded


def refuse_day(day: date, close: Decimal, found: IndexFile, *, today: date) -> None:
    """Raises:
    BadRow: the day lies ahead, or the file has another close of it.
    """
    if day > today:
        raise BadRow("in_the_future", f"date was {day}, must not lie after today, {today}")
    earlier = found.closes.get(day)
    if earlier is not None and earlier != close:
        message = f"{day} stands in the file twice, before with {earlier:f}"
        raise BadRow("disagrees", message)
