"""Lines of a price file: which columns it has, and what each line says. Pure.

Nearly every line is plain: known columns, digits and points, nothing quoted. Such a line goes on
as it is, judged by one regular expression; any other is read field by field, with a reason where
it cannot be read. A quoted field may not hold a line break.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from market.errors import UnreadableFile

REQUIRED: Final = ("symbol", "date", "open", "high", "low", "close", "volume")
OPTIONAL: Final = ("adjusted_close", "currency")
SYNONYMS: Final = {"adj_close": "adjusted_close", "adj close": "adjusted_close", "ticker": "symbol"}

# What a stored price and a stored volume can hold.
PRICE_DIGITS: Final = (12, 8)  # before and after the point
VOLUME_DIGITS: Final = (18, 10)
FIRST_YEAR: Final = 1800
RAW_CHARACTERS: Final = 2_000

# Each part takes what it can and gives nothing back (``+`` after a count): what follows a field can
# never be part of it, and a block of thousands of lines then needs no memory of where to go back.
PRICE: Final = r"\d{1,12}+(?:\.\d{1,8}+)?+"
PLAIN: Final = {
    "symbol": r"[A-Z0-9.\-]{1,24}+",
    "date": (
        r"(?:(?:1[89]|2\d)\d\d-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])"
        r"|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)|02-(?:0[1-9]|1\d|2[0-8]))"
        # Every fourth year, and every fourth century.
        r"|(?:(?:1[89]|2\d)(?:0[48]|[13579][26]|[2468][048])|(?:20|24|28)00)-02-29)"
    ),
    "volume": r"\d{1,18}+(?:\.\d{1,10}+)?+",
    "adjusted_close": rf"(?:{PRICE})?+",
    "currency": "[A-Z]{3}",
}
ADDRESS: Final = re.compile(r"(?:[A-Z0-9]{4}:)?[A-Z0-9.\-^=/]{1,24}")
CURRENCY: Final = re.compile("[A-Z]{3}")
DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
NUMBER: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,6})?")


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """A line that cannot be read, and why."""

    line: int  # 1 is the file's first
    code: str
    message: str
    text: str


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of a file, in its order; None for one that means nothing to us."""

    columns: tuple[str | None, ...]
    plain_line: re.Pattern[bytes] | None  # None where no line can go on as it is
    plain_block: re.Pattern[bytes] | None  # many such lines, each with its end

    @property
    def known_columns(self) -> list[str]:
        return [column for column in self.columns if column is not None]


def read_layout(header: bytes) -> Layout:
    """Read the first line of a file.

    Raises:
        UnreadableFile: it is no header, lacks columns or names one twice.
    """
    try:
        text = header.removeprefix(b"\xef\xbb\xbf").decode()
        (fields,) = csv.reader([text.rstrip("\r\n")], strict=True)
    except (UnicodeDecodeError, csv.Error, ValueError):
        raise UnreadableFile("The first line is not a header in UTF-8.") from None
    names = [field.strip().lower() for field in fields]
    names = [SYNONYMS.get(name, name) for name in names]
    columns = tuple(name if name in (*REQUIRED, *OPTIONAL) else None for name in names)
    if missing := [name for name in REQUIRED if name not in columns]:
        found = ", ".join(names)[:200] or "nothing"
        raise UnreadableFile(f"The columns {', '.join(missing)} are missing; found {found}.")
    if twice := sorted({name for name in columns if name and columns.count(name) > 1}):
        raise UnreadableFile(f"The columns {', '.join(twice)} stand there twice.")
    if None in columns:
        return Layout(columns, plain_line=None, plain_block=None)
    plain = ",".join(PLAIN.get(name or "", PRICE) for name in columns).encode()
    block = re.compile(b"(?:%b\n)*+" % plain)
    return Layout(columns, plain_line=re.compile(plain), plain_block=block)


def read_lines(
    layout: Layout, lines: Sequence[bytes], *, first_line: int
) -> tuple[list[bytes], list[RefusedLine]]:
    """Turn lines into lines to stage, each with its number in front, and refusals.

    Lines are without their ends. Empty ones are left out.
    """
    if layout.plain_block is not None and layout.plain_block.fullmatch(b"\n".join((*lines, b""))):
        return [b"%d,%b\n" % numbered for numbered in enumerate(lines, start=first_line)], []
    staged: list[bytes] = []
    refused: list[RefusedLine] = []
    is_plain = layout.plain_line.fullmatch if layout.plain_line else None
    for number, line in enumerate(lines, start=first_line):
        if is_plain is not None and is_plain(line):
            staged.append(b"%d,%b\n" % (number, line))
        elif line.strip():
            read = _read_line(layout, line, number=number)
            if isinstance(read, RefusedLine):
                refused.append(read)
            else:
                staged.append(read)
    return staged, refused


def _read_line(layout: Layout, line: bytes, *, number: int) -> bytes | RefusedLine:
    shown = line.decode(errors="replace").replace("\0", "\N{REPLACEMENT CHARACTER}")
    shown = shown[:RAW_CHARACTERS]
    try:
        (fields,) = csv.reader([line.decode()], strict=True)
    except UnicodeDecodeError:
        return RefusedLine(number, "not_text", "The line is not text in UTF-8.", shown)
    except (csv.Error, ValueError) as error:
        return RefusedLine(number, "malformed_row", f"The line is malformed: {error}.", shown)
    if len(fields) != len(layout.columns):
        message = f"The line has {len(fields)} fields, must have {len(layout.columns)}."
        return RefusedLine(number, "malformed_row", message, shown)
    values = []
    for column, field in zip(layout.columns, fields, strict=True):
        if column is None:
            continue
        value = read_field(column, field.strip())
        if isinstance(value, FieldProblem):
            return RefusedLine(number, value.code, value.message[:300], shown)
        values.append(value)
    return f"{number},{','.join(values)}\n".encode()


@dataclass(frozen=True, slots=True)
class FieldProblem:
    code: str
    message: str


def read_field(column: str, text: str) -> str | FieldProblem:
    """Write one field in the form that is staged, or say what is wrong with it."""
    if not text:
        if column in OPTIONAL:
            return ""
        return FieldProblem("missing_value", f"{column} is empty.")
    shown = text[:60]
    if column == "symbol":
        if ADDRESS.fullmatch(text.upper()):
            return text.upper()
        return FieldProblem("bad_symbol", f"symbol was {shown!r}, must be one like AAPL.")
    if column == "currency":
        if CURRENCY.fullmatch(text.upper()):
            return text.upper()
        return FieldProblem("bad_currency", f"currency was {shown!r}, must be one like USD.")
    if column == "date":
        return _read_date(text)
    return _read_number(column, text)


def _read_date(text: str) -> str | FieldProblem:
    try:
        on = date.fromisoformat(text) if DATE.fullmatch(text) else None
    except ValueError:
        on = None
    if on is None or on.year < FIRST_YEAR:
        message = f"date was {text[:60]!r}, must be one like 2026-01-05, from {FIRST_YEAR} on."
        return FieldProblem("bad_date", message)
    return text


def _read_number(column: str, text: str) -> str | FieldProblem:
    if not (text.isascii() and NUMBER.fullmatch(text)):
        return FieldProblem("bad_number", f"{column} was {text[:60]!r}, must be a number.")
    whole, places = VOLUME_DIGITS if column == "volume" else PRICE_DIGITS
    number = Decimal(text)
    if not number:
        return "0"
    # Judged before it is written out: 1e999999 is short to read and long to write.
    if number.adjusted() >= whole:
        message = f"{column} was {text[:60]}, must have at most {whole} digits before the point."
        return FieldProblem("number_out_of_range", message)
    if number.adjusted() < -places or number != round(number, places):
        message = f"{column} was {text[:60]}, must have at most {places} decimal places."
        return FieldProblem("number_too_precise", message)
    return format(number, "f")
