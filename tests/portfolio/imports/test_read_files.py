"""Encodings, separators, number styles, dates, workbooks, zips, and what is no file of ours."""

from __future__ import annotations

import codecs
import json
from decimal import Decimal

import pytest

from portfolio.imports.errors import BadMoment, BadNumber, ImportTooLarge, UnreadableImport
from portfolio.imports.moments import find_date_order, parse_moment
from portfolio.imports.numbers import find_decimal_mark, parse_number
from portfolio.imports.values import DateOrder
from tests.portfolio.imports.reading import CAPS, read, words
from tests.portfolio.imports.samples import GENERIC, SCHWAB, typed_workbook, workbook, zipped

TABLE = "Date,Type,Symbol,Shares,Price,Note\n2024-01-02,Buy,AAPL,10,185.50,Übertrag £\n"
READ = ["buy AAPL quantity=10 unit_price=185.5"]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(TABLE.encode(), id="utf-8"),
        pytest.param(TABLE.encode("utf-8-sig"), id="utf-8 with a mark"),
        pytest.param(TABLE.encode("utf-16"), id="utf-16 with a mark"),
        pytest.param(TABLE.encode("utf-16-le"), id="utf-16-le"),
        pytest.param(TABLE.encode("utf-16-be"), id="utf-16-be"),
        pytest.param(TABLE.encode("cp1252"), id="cp1252"),
        pytest.param(TABLE.replace("\n", "\r\n").encode(), id="lines of windows"),
        pytest.param(TABLE.replace("\n", "\r").encode(), id="lines of old macs"),
        pytest.param(TABLE.replace(",", "\t").encode(), id="tabs"),
        pytest.param(TABLE.replace(",", "|").encode(), id="bars"),
        pytest.param(TABLE.replace(",", ";").encode(), id="semicolons"),
        pytest.param(("sep=,\nExport of today\n\n" + TABLE).encode(), id="words before the table"),
        pytest.param(zipped(a=TABLE.encode()), id="in a zip"),
    ],
)
def test_a_table_is_read_however_it_was_saved(content: bytes) -> None:
    found = read(content)
    assert words(content) == READ
    assert found.rows[0].facts["note"] == "Übertrag £"


def test_a_workbook_is_read_with_its_dates_and_numbers() -> None:
    found = read(typed_workbook())
    assert [row.facts["occurred_at"] for row in found.rows] == [
        "2024-01-02T09:30:00Z",
        "2024-02-02T00:00:00Z",
    ]
    assert words(typed_workbook())[1] == "sell AAPL quantity=4 unit_price=190.25 fees=0.1"


def test_a_zip_of_several_files_is_read_as_one() -> None:
    found = read(zipped(a=TABLE.encode(), b=TABLE.replace("185.50", "190").encode()))
    assert [row.sheet for row in found.rows] == ["a.csv", "b.csv"]


def test_a_file_without_a_name_in_a_zip_is_read() -> None:
    # What follows a NUL belongs to no name.
    found = read(zipped(a=TABLE.encode()).replace(b"a.csv", b"\0.csv"))
    assert [row.sheet for row in found.rows] == [""]


def test_a_list_of_objects_is_a_table() -> None:
    rows = [{"date": "2024-01-02", "type": "buy", "symbol": "AAPL", "quantity": 1, "price": 2.5}]
    assert words(json.dumps(rows)) == ["buy AAPL quantity=1 unit_price=2.5"]


@pytest.mark.parametrize(
    ("content", "words_of_it"),
    [
        pytest.param(b"", "empty", id="empty"),
        pytest.param(b" \n\n", "empty", id="blank"),
        pytest.param(b"abc\x00def", "no text", id="bytes"),
        pytest.param(codecs.BOM_UTF16_LE + b"\x00\xd8\x00", "utf-16", id="half a letter"),
        pytest.param(b"ab\x81", "Byte 3", id="no letter of the code page"),
        pytest.param(b"PK\x03\x04" + b"junk" * 9, "damaged", id="no zip"),
        pytest.param(zipped(a=typed_workbook()[:500]), "damaged", id="half a workbook in a zip"),
        pytest.param(zipped(a=zipped(b=b"x")), "zip within", id="a zip in a zip"),
        pytest.param(b'{"a": [1, 2]}', "no list of objects", id="no list of objects"),
        pytest.param(b'{"a": ', "not", id="half of a JSON"),
        pytest.param(b"[" * 100_000, "not", id="a JSON too deep"),
        pytest.param(b"hello world", "names its columns", id="words"),
        pytest.param(workbook([[None]]), "no cells", id="an empty workbook"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(content: bytes, words_of_it: str) -> None:
    with pytest.raises(UnreadableImport, match=words_of_it):
        read(content)


ROW = "2024-01-02,Buy,AAPL,10,185.50,x\n"


@pytest.mark.parametrize(
    ("cap", "at_the_limit", "beyond"),
    [
        pytest.param("bytes", TABLE.encode(), TABLE.encode() + b"\n", id="bytes"),
        pytest.param("rows", TABLE + ROW, TABLE + ROW + ROW, id="rows"),
        pytest.param("columns", TABLE, TABLE + ROW.replace("x", "x,y"), id="columns"),
        pytest.param("cell_characters", TABLE, TABLE + "longer cells", id="cell"),
        pytest.param("files", zipped(a=b"x"), zipped(a=b"x", b=b"y"), id="files"),
        pytest.param(
            "unpacked_bytes", zipped(a=ROW.encode()), zipped(a=ROW.encode() + b"\n"), id="zip"
        ),
    ],
)
def test_each_cap_holds_exactly(cap: str, at_the_limit: bytes | str, beyond: bytes | str) -> None:
    limits = {
        "bytes": len(TABLE.encode()),
        "rows": 3,
        "columns": 6,
        "cell_characters": 10,
        "files": 1,
        "unpacked_bytes": len(ROW),
    }
    try:
        read(at_the_limit, caps={cap: limits[cap]})
    except ImportTooLarge:
        pytest.fail("It was refused at the limit.")
    except UnreadableImport:
        pass  # taken in, and no table
    with pytest.raises(ImportTooLarge):
        read(beyond, caps={cap: limits[cap]})


def test_a_zip_bomb_is_refused_by_what_it_declares() -> None:
    with pytest.raises(ImportTooLarge, match="packed more than"):
        read(zipped(a=b"0" * (4 << 20)))
    with pytest.raises(ImportTooLarge, match="when unpacked"):
        read(zipped(a=b"0,1\n" * 10), caps={"unpacked_bytes": 39})


def test_the_caps_are_the_desks_own() -> None:
    assert CAPS.rows >= 48_000


@pytest.mark.parametrize(
    ("text", "mark", "number"),
    [
        ("1234.5", ".", "1234.5"),
        ("1,234.50", ".", "1234.50"),
        ("1.234,50", ",", "1234.50"),
        ("1 234,5", ",", "1234.5"),
        ("1'234.5", ".", "1234.5"),
        ("$1,234.50", ".", "1234.50"),
        ("-$5", ".", "-5"),
        ("(5.00)", ".", "-5.00"),
        ("5-", ".", "-5"),
        ("−5", ".", "-5"),
        ("EUR 5,5", ",", "5.5"),
        ("5 USD", ".", "5"),
        (".5", ".", "0.5"),
        ("1e-7", ".", "0.0000001"),
        ("+7", ".", "7"),
    ],
)
def test_numbers_are_read_exactly(text: str, mark: str, number: str) -> None:
    assert parse_number(text, decimal_mark=mark) == Decimal(number)


@pytest.mark.parametrize(
    "text", ["", "x", "1.2.3", "1,23", "12,34,567", "--5", "1e999", "NaN", "9" * 61, "1_000", "٣"]
)
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(BadNumber):
        parse_number(text)


@pytest.mark.parametrize(
    ("texts", "separator", "mark"),
    [
        (["1,5", "2"], ";", ","),
        (["1.5", "2"], ";", "."),
        (["1,234", "5.5"], ",", "."),
        (["1.234", "5,5"], ";", ","),
        (["1,234"], ",", "."),
        (["1,234"], ";", ","),
        (["1.234"], ";", "."),
        (["1.234.567"], ";", ","),
        ([], ",", "."),
    ],
)
def test_the_decimal_mark_is_found_over_the_whole_file(
    texts: list[str], separator: str, mark: str
) -> None:
    assert find_decimal_mark(texts, separator=separator) == mark


DAY, MONTH = DateOrder.DAY_FIRST, DateOrder.MONTH_FIRST


@pytest.mark.parametrize(
    ("texts", "usual", "found"),
    [
        (["01/02/2024", "13/02/2024"], None, (DAY, True)),
        (["01/02/2024", "02/13/2024"], MONTH, (MONTH, True)),
        (["01/02/2024"], None, (DAY, False)),
        (["01/02/2024"], MONTH, (MONTH, True)),
        (["03/03/2024"], None, (DAY, True)),
        # Only with the month first they run upwards.
        (["01/10/2024", "02/01/2024", "03/02/2024"], None, (MONTH, True)),
        (["2024-01-02"], None, (DAY, True)),
    ],
)
def test_day_and_month_are_told_apart_over_the_whole_column(
    texts: list[str], usual: DateOrder | None, found: tuple[DateOrder, bool]
) -> None:
    assert find_date_order(texts, usual=usual) == found


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-01-02", "2024-01-02T00:00:00+00:00"),
        ("20240102;093000", "2024-01-02T14:30:00+00:00"),
        ("02.01.2024 09:30", "2024-01-02T14:30:00+00:00"),
        ("2/1/24", "2024-01-02T00:00:00+00:00"),
        ("2-Jan-2024 9:30 AM", "2024-01-02T14:30:00+00:00"),
        ("Jan 2, 2024, 12:05 am", "2024-01-02T05:05:00+00:00"),
        ("2024-01-02T09:30:00.5Z", "2024-01-02T09:30:00.500000+00:00"),
        ("2024-01-02 09:30:00 UTC", "2024-01-02T09:30:00+00:00"),
        ("2024-01-02 09:30:00+02:00", "2024-01-02T07:30:00+00:00"),
        ("02/01/2024 as of 31/12/2023", "2024-01-02T00:00:00+00:00"),
    ],
)
def test_moments_are_read(text: str, moment: str) -> None:
    assert parse_moment(text, order=DAY, zone="America/New_York").isoformat() == moment


@pytest.mark.parametrize(
    "text", ["", "x", "31/02/2024", "2024-13-01", "01/02/2024 25:00", "0000-01-01", "9" * 70]
)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(BadMoment):
        parse_moment(text, order=DAY, zone="UTC")


def test_a_mapping_of_ones_own_is_followed() -> None:
    file = "Foo,Bar,Baz,Qux\n2024-01-02,AAPL,3,7.5\n"
    mapping = {"occurred_at": "Foo", "symbol": "Bar", "quantity": "Baz", "unit_price": "Qux"}
    assert words(file, mapping=mapping) == ["buy AAPL quantity=3 unit_price=7.5"]


def test_preambles_of_any_length_below_the_limit_are_passed_over() -> None:
    assert len(read(SCHWAB).rows) == 6
    assert read(GENERIC).decimal_mark == ","
