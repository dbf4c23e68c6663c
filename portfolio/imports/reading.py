"""A file into rows: which profile it is of, its tables, styles and columns. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Final

from portfolio.imports.errors import BadMoment, BadNumber, UnknownProfile, UnreadableImport
from portfolio.imports.facts import ReadingStyle, finished_row
from portfolio.imports.headers import detect_mapping, find_table, folded, plausible_table
from portfolio.imports.moments import find_date_order, parse_moment
from portfolio.imports.numbers import find_decimal_mark, parse_number
from portfolio.imports.profile import NoActivity, Profile, Row, Unclear
from portfolio.imports.profiles import GENERIC, PROFILES
from portfolio.imports.sheets import open_sheets
from portfolio.imports.values import (
    NUMBERS,
    Caps,
    DateOrder,
    Field,
    Line,
    Reading,
    ReadRow,
    RowProblem,
    Sheet,
    Table,
)

# Told how many lines have been read, and of how many.
Progress = Callable[[int, int], None]

RAW_CHARACTERS: Final = 1000
NOTE_CHARACTERS: Final = 200
# So many lines pass between two words of progress.
TOLD_LINES: Final = 500
# So many cells of each column are looked at for their style.
STYLED: Final = 5000
# A line with less in it, and no date, is a remark below the table.
REMARK_CELLS: Final = 2
# What stands where there is no number.
NOTHING: Final = frozenset({"-", "--", "n/a", "na", "none", "not available"})


def unheard(lines_done: int, lines: int) -> None:
    """Tell nobody: the answer comes at once."""


def read_file(
    content: bytes,
    *,
    name: str,
    caps: Caps,
    profile: str = "",
    mapping: Mapping[str, str] | None = None,
    date_order: DateOrder | None = None,
    decimal_mark: str = "",
    report: Progress = unheard,
) -> Reading:
    """Read whatever somebody exported somewhere.

    Args:
        profile: the name of one, by default whichever the file looks like.
        mapping: field → column, instead of what the columns' names say.

    Raises:
        UnknownProfile: there is none of that name.
        UnreadableImport: nothing of the file can be read.
    """
    sheets = open_sheets(content, name=name, caps=caps)
    known = find_profile(sheets, profile)
    tables = tables_of(sheets, known)
    if not tables:
        raise UnreadableImport(no_table(known))
    main = max(tables, key=lambda table: len(table.lines))
    styles = [style_of(table, known, mapping, date_order, decimal_mark) for table in tables]
    rows = list(rows_of(tables, styles, report))
    style = styles[tables.index(main)]
    return Reading(
        profile=known.name,
        columns=main.header,
        mapping={field.value: column for field, column in style.mapping.items()},
        date_order=style.date_order,
        is_date_order_certain=all(one.is_date_order_certain for one in styles),
        decimal_mark=style.decimal_mark,
        rows=rows,
    )


def no_table(profile: Profile) -> str:
    if profile is GENERIC:
        return "No row of the file names its columns; is this a list of transactions?"
    return f"The file has not the columns of {profile.label}."


def find_profile(sheets: Sequence[Sheet], name: str) -> Profile:
    """The profile of that name, or the first whose columns the file has."""
    if name:
        if found := PROFILES.get(name):
            return found
        raise UnknownProfile(f"There is no profile {name[:40]!r}; there are {', '.join(PROFILES)}.")
    for profile in PROFILES.values():
        if profile is not GENERIC and tables_of(sheets, profile):
            return profile
    return GENERIC


def tables_of(sheets: Sequence[Sheet], profile: Profile) -> list[Table]:
    if profile.find_tables is not None:
        return profile.find_tables(sheets)
    found = [
        table
        for sheet in sheets
        if (table := find_table(sheet, wanted=profile.signatures)) is not None
    ]
    if not found and profile is GENERIC:
        found = [table for sheet in sheets if (table := plausible_table(sheet)) is not None]
    return found


def style_of(
    table: Table,
    profile: Profile,
    mapping: Mapping[str, str] | None,
    date_order: DateOrder | None,
    decimal_mark: str,
) -> ReadingStyle:
    columns = detect_mapping(table.header, profile.columns)
    if mapping is not None:
        columns = {
            Field(field): column for field, column in mapping.items() if column in table.header
        }
    index = {column: place for place, column in enumerate(table.header)}
    dates = cells_of(table, columns, index, (Field.OCCURRED_AT,))
    order, is_certain = find_date_order(list(dates), usual=profile.date_order)
    numbers = cells_of(table, columns, index, NUMBERS)
    mark = decimal_mark or profile.decimal_mark
    return ReadingStyle(
        profile=profile,
        mapping=columns,
        places={field: index[column] for field, column in columns.items()},
        date_order=date_order or order,
        is_date_order_certain=is_certain or date_order is not None,
        decimal_mark=mark or find_decimal_mark(numbers, separator=table.sheet.separator),
    )


def cells_of(
    table: Table, columns: Mapping[Field, str], index: Mapping[str, int], fields: Iterable[Field]
) -> Iterator[str]:
    """What stands in the columns of the fields, as far as styles are looked for."""
    places = [index[columns[field]] for field in fields if field in columns]
    for line in islice(table.lines, STYLED):
        for place in places:
            if place < len(line.cells) and line.cells[place]:
                yield line.cells[place]


def rows_of(
    tables: Sequence[Table], styles: Sequence[ReadingStyle], report: Progress
) -> Iterator[ReadRow]:
    lines, before = sum(len(table.lines) for table in tables), 0
    for table, style in zip(tables, styles, strict=True):
        for done, rows in enumerate(table_rows(table, style)):
            if done % TOLD_LINES == 0:
                report(before + done, lines)
            yield from rows
        before += len(table.lines)
    report(lines, lines)


def table_rows(table: Table, style: ReadingStyle) -> Iterator[Iterable[ReadRow]]:
    """What each line means, line by line."""
    names = [folded(column) for column in table.header]
    for line in table.lines:
        yield line_rows(table, line, style, names)


def line_rows(
    table: Table, line: Line, style: ReadingStyle, names: Sequence[str]
) -> Iterable[ReadRow]:
    if not (texts := mapped(line, style)):
        return ()
    raw = " | ".join(line.cells)[:RAW_CHARACTERS]
    blank = ReadRow(line=line.number, sheet=table.sheet.name, raw=raw)
    if is_remark(line, texts.get(Field.OCCURRED_AT, ""), style):
        blank.skipped = "A remark, or an empty row."
        return (blank,)
    row = Row(texts, {}, dict(zip(names, line.cells, strict=False)), style.decimal_mark)
    take_numbers(row)
    return interpreted(row, style, blank)


def is_remark(line: Line, date: str, style: ReadingStyle) -> bool:
    """Whether a line has hardly anything in it, and no date."""
    if sum(1 for cell in line.cells if cell) > REMARK_CELLS:
        return False
    try:
        parse_moment(date, order=style.date_order, zone=style.profile.zone)
    except BadMoment:
        return True
    return False


def mapped(line: Line, style: ReadingStyle) -> dict[Field, str]:
    cells = line.cells
    return {
        field: cells[place] if place < len(cells) else "" for field, place in style.places.items()
    }


def take_numbers(row: Row) -> None:
    """Read the mapped cells that must be numbers; what is none is a problem of the row."""
    for field in NUMBERS:
        if text := row.texts.pop(field, ""):
            try:
                row.numbers[field] = parse_number(text, decimal_mark=row.decimal_mark)
            except BadNumber as error:
                if text.casefold() not in NOTHING:
                    # As the fact is called that comes of it.
                    name = Field.AMOUNT if field is Field.NET_AMOUNT else field
                    message = f"{name.replace('_', ' ')} {error}"
                    row.problems.append(RowProblem(name, "not_a_number", message))


def interpreted(row: Row, style: ReadingStyle, blank: ReadRow) -> Iterator[ReadRow]:
    try:
        meant = list(style.profile.interpret(row))
    except NoActivity as reason:
        blank.skipped = str(reason)[:NOTE_CHARACTERS]
        yield blank
        return
    except Unclear as error:
        blank.problems = [*row.problems, RowProblem(error.field, "unclear", str(error))]
        yield blank
        return
    for part, one in enumerate(meant):
        yield finished_row(one, style, blank, part=part)
