"""A file as sheets of lines: text with separators, JSON, workbooks, and zips of several. Pure."""

from __future__ import annotations

import csv
import io
import json
import lzma
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final

from portfolio.imports.errors import ImportTooLarge, UnreadableImport
from portfolio.imports.texts import decode
from portfolio.imports.values import Caps, Line, Sheet
from portfolio.imports.workbooks import is_workbook, workbook_sheets

ZIP_MARK: Final = b"PK\x03\x04"
EMPTY_ZIP_MARK: Final = b"PK\x05\x06"
SEPARATORS: Final = ",;\t|"
SAMPLED_CHARACTERS: Final = 64 * 1024
SAMPLED_LINES: Final = 100
DAMAGE: Final = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError),
    *(RuntimeError, ValueError, OSError, OverflowError, struct.error),
)
RATIO_JUDGED_BYTES: Final = 1 << 20


def open_sheets(content: bytes, *, name: str, caps: Caps) -> list[Sheet]:
    """Take a file apart by what it holds, whatever its name says.

    Raises:
        ImportTooLarge: one of the caps is exceeded.
        UnreadableImport: it is empty, damaged, or of no known kind.
    """
    refuse_beyond("bytes", len(content), caps.bytes)
    if not content.strip():
        raise UnreadableImport("The file is empty.")
    if content.startswith((ZIP_MARK, EMPTY_ZIP_MARK)):
        sheets = zipped_sheets(content, name=name, caps=caps)
    else:
        sheets = text_sheets(decode(content), name=name, caps=caps)
    refuse_beyond("rows", sum(len(sheet.lines) for sheet in sheets), caps.rows)
    return sheets


def refuse_beyond(what: str, found: int, allowed: int) -> None:
    """Raises:
    ImportTooLarge: there is more than is allowed.
    """
    if found > allowed:
        raise ImportTooLarge(
            f"The file has {found:,} {what}, at most {allowed:,} are taken in at once."
        )


def zipped_sheets(content: bytes, *, name: str, caps: Caps) -> list[Sheet]:
    """The sheets of a workbook, or of the files in a zip.

    Raises:
        ImportTooLarge: it has, or would unpack to, more than is allowed.
        UnreadableImport: it is damaged or locked, or has a zip within.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = files_in(archive)
            refuse_bomb(members, caps)
            is_book = is_workbook(member.filename for member in members)
            if not is_book:
                refuse_beyond("files", len(members), caps.files)
            unpacked = [] if is_book else list(unpack(archive, members, caps))
    except DAMAGE as error:
        raise UnreadableImport(f"The zip is damaged or locked: {error}.") from error
    if is_book:
        return workbook_sheets(content, caps=caps)
    return [sheet for member in unpacked for sheet in member_sheets(*member, caps)]


def files_in(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """All members but folders; one without a name is a file, at which ``is_dir`` stumbles."""
    return [one for one in archive.infolist() if not one.filename.endswith("/")]


def refuse_bomb(members: Sequence[zipfile.ZipInfo], caps: Caps) -> None:
    """Judge by what the zip says of itself; ``unpack`` trusts none of it.

    Raises:
        ImportTooLarge: it would unpack to more than is allowed.
    """
    refuse_beyond(
        "bytes when unpacked", sum(member.file_size for member in members), caps.unpacked_bytes
    )
    for member in members:
        if member.file_size > member.compress_size * caps.ratio + RATIO_JUDGED_BYTES:
            raise ImportTooLarge(f"{member.filename[:80]!r} is packed more than {caps.ratio}-fold.")


def unpack(
    archive: zipfile.ZipFile, members: Iterable[zipfile.ZipInfo], caps: Caps
) -> Iterator[tuple[str, bytes]]:
    """Name and content of each member, never more than is allowed, whatever it declares."""
    left = caps.unpacked_bytes
    for member in members:
        name = member.filename.rpartition("/")[2][:80]
        # What macOS leaves beside each file.
        if name.startswith(".") or member.filename.startswith("__MACOSX/"):
            continue
        with archive.open(member) as file:
            content = file.read(left + 1)
        left -= len(content)
        refuse_beyond("bytes when unpacked", caps.unpacked_bytes - left, caps.unpacked_bytes)
        yield name, content


def member_sheets(name: str, content: bytes, caps: Caps) -> list[Sheet]:
    """Raises:
    UnreadableImport: it is a zip that is no workbook, or damaged.
    """
    if not content.startswith(ZIP_MARK):
        return text_sheets(decode(content), name=name, caps=caps) if content.strip() else []
    if not is_workbook_file(content):
        raise UnreadableImport(f"{name!r} is a zip within the zip; unpack it first.")
    return workbook_sheets(content, caps=caps, name=name)


def is_workbook_file(content: bytes) -> bool:
    """Raises:
    UnreadableImport: the zip is damaged.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return is_workbook(archive.namelist())
    except DAMAGE as error:
        raise UnreadableImport(f"A file in the zip is damaged: {error}.") from error


def text_sheets(text: str, *, name: str, caps: Caps) -> list[Sheet]:
    if text.lstrip()[:1] in ("{", "["):
        return json_sheets(text, name=name, caps=caps)
    separator = find_separator(text)
    return [Sheet(name, list(csv_lines(text, separator, caps)), separator)]


def find_separator(text: str) -> str:
    """The one that parts most lines into the same number of cells, and into the more the better."""
    sample = text[:SAMPLED_CHARACTERS]
    best, best_score = SEPARATORS[0], 0
    for separator in SEPARATORS:
        try:
            lines = list(
                islice(csv.reader(io.StringIO(sample), delimiter=separator), SAMPLED_LINES)
            )
        except csv.Error:
            continue
        widths = Counter(len(line) for line in lines if len(line) > 1)
        # The widest of the common: a preamble may be as long as the table.
        score = max((count * (width - 1) for width, count in widths.items()), default=0)
        if score > best_score:
            best, best_score = separator, score
    return best


def csv_lines(text: str, separator: str, caps: Caps) -> Iterator[Line]:
    """Raises:
    ImportTooLarge: there are more rows, columns or characters in a cell than allowed.
    UnreadableImport: quotes do not match.
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    first, count = 1, 0
    try:
        for cells in reader:
            number, first = first, reader.line_num + 1
            if not any(cells):
                continue
            count += 1
            refuse_beyond("rows", count, caps.rows)
            yield Line(number, checked_cells(cells, caps))
    except csv.Error as error:
        raise UnreadableImport(f"Line {first} cannot be taken apart: {error}.") from error


def checked_cells(cells: Sequence[str], caps: Caps) -> tuple[str, ...]:
    refuse_beyond("columns", len(cells), caps.columns)
    longest = max(map(len, cells))
    refuse_beyond("characters in one cell", longest, caps.cell_characters)
    return tuple(map(str.strip, cells))


def json_sheets(text: str, *, name: str, caps: Caps) -> list[Sheet]:
    """Each list of objects as a sheet, named as its key; the header has every key that occurs."""
    try:
        found = json.loads(text, parse_float=str, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError) as error:
        raise UnreadableImport(f"The file looks like JSON and is not: {error}.") from None
    lists = found if isinstance(found, dict) else {name: found}
    sheets = [
        json_sheet(str(key)[:80], rows, caps)
        for key, rows in lists.items()
        if isinstance(rows, list) and rows and all(isinstance(row, dict) for row in rows)
    ]
    if not sheets:
        raise UnreadableImport("The JSON holds no list of objects.")
    return sheets


def json_sheet(name: str, rows: Sequence[Mapping[str, Any]], caps: Caps) -> Sheet:
    refuse_beyond("rows", len(rows), caps.rows)
    header = list(dict.fromkeys(key for row in rows for key in row))
    lines = [Line(1, checked_cells([*header, ""], caps)[:-1])]
    for number, row in enumerate(rows, start=2):
        cells = [json_cell(row.get(key)) for key in header]
        lines.append(Line(number, checked_cells([*cells, ""], caps)[:-1]))
    return Sheet(name, lines)


def json_cell(value: Any) -> str:
    """A value as the text of a cell, empty where it is a list or an object.

    Raises:
        UnreadableImport: it holds characters that are no text.
    """
    if value is None:
        return ""
    if isinstance(value, (dict, list)):
        return ""  # what lies deeper is no column
    text = str(value)
    if "\x00" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise UnreadableImport("The file holds characters that are no text.")
    return text
