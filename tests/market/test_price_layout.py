"""What lines of a price file say, by tables."""

from calendar import isleap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.errors import UnreadableFile
from market.intake.price_layout import read_layout, read_lines

HEADER = b"symbol,date,open,high,low,close,adj_close,volume"
GOOD = b"AAPL,2020-01-02,1,2,0.5,1.5,1.4,100"


def read_one(line: bytes, *, header: bytes = HEADER) -> str:
    """The staged line, or the code with which it is refused."""
    staged, refused = read_lines(read_layout(header), [line], first_line=2)
    if staged:
        return staged[0].decode().rstrip("\n")
    return refused[0].code if refused else "nothing"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param(GOOD, "2," + GOOD.decode(), id="plain"),
        pytest.param(
            b'"AAPL","2020-01-02","1","2","0.5","1.5","1.4","100"',
            "2,AAPL,2020-01-02,1,2,0.5,1.5,1.4,100",
            id="quoted",
        ),
        pytest.param(
            b" aapl , 2020-01-02 ,1 ,2,.5,1.50,,1e2",
            "2,AAPL,2020-01-02,1,2,0.5,1.50,,100",
            id="blanks, lower case, exponent, no adjusted close",
        ),
        pytest.param(
            b"XNAS:AAPL,2020-02-29,1,2,1,1,1,0", "2,XNAS:AAPL,2020-02-29,1,2,1,1,1,0", id="leap day"
        ),
        pytest.param(b"A,2020-01-02,-1,2,1,1,1,0", "2,A,2020-01-02,-1,2,1,1,1,0", id="negative"),
        pytest.param(b"A,2020-01-02,0e999999,2,1,1,1,0", "2,A,2020-01-02,0,2,1,1,1,0", id="zero"),
        pytest.param(b"", "nothing", id="empty"),
        pytest.param(b"   ", "nothing", id="blank"),
        pytest.param(b"A,2019-02-29,1,2,1,1,1,0", "bad_date", id="no leap day"),
        pytest.param(b"A,2020-13-01,1,2,1,1,1,0", "bad_date", id="no such month"),
        pytest.param(b"A,20200101,1,2,1,1,1,0", "bad_date", id="date without dashes"),
        pytest.param(b"A,0001-01-01,1,2,1,1,1,0", "bad_date", id="too long ago"),
        pytest.param(b"A,2020-01-02,abc,2,1,1,1,0", "bad_number", id="no number"),
        pytest.param(b"A,2020-01-02,NaN,2,1,1,1,0", "bad_number", id="not a number"),
        pytest.param(b"A,2020-01-02,Infinity,2,1,1,1,0", "bad_number", id="infinity"),
        pytest.param(b"A,2020-01-02,0x1F,2,1,1,1,0", "bad_number", id="hexadecimal"),
        pytest.param(b"A,2020-01-02,1_000,2,1,1,1,0", "bad_number", id="underscore"),
        pytest.param("A,2020-01-02,٣,2,1,1,1,0".encode(), "bad_number", id="other digits"),
        pytest.param(b"A,2020-01-02,1e400,2,1,1,1,0", "number_out_of_range", id="1e400"),
        pytest.param(b"A,2020-01-02,1e-400,2,1,1,1,0", "number_too_precise", id="1e-400"),
        pytest.param(b"A,2020-01-02,1.000000001,2,1,1,1,0", "number_too_precise", id="9 places"),
        pytest.param(
            b"A,2020-01-02,1000000000000,2,1,1,1,0", "number_out_of_range", id="13 digits"
        ),
        pytest.param(b"A,2020-01-02,,2,1,1,1,0", "missing_value", id="no open"),
        pytest.param(b",2020-01-02,1,2,1,1,1,0", "missing_value", id="no symbol"),
        pytest.param(b"A B,2020-01-02,1,2,1,1,1,0", "bad_symbol", id="symbol with a blank"),
        pytest.param(b"A,2020-01-02,1,2,1,1,1", "malformed_row", id="too few fields"),
        pytest.param(GOOD + b",7", "malformed_row", id="too many fields"),
        pytest.param(b'A,2020-01-02,"1,2,1,1,1,0', "malformed_row", id="quote left open"),
        pytest.param(b"A,2020-01-02,1\r,2,1,1,1,0", "malformed_row", id="stray carriage return"),
        pytest.param(b"A\xff,2020-01-02,1,2,1,1,1,0", "not_text", id="not UTF-8"),
    ],
)
def test_lines(line: bytes, expected: str) -> None:
    assert read_one(line) == expected


def test_columns_may_stand_in_any_order_and_more_than_known() -> None:
    header = b"Date,TICKER,Open,High,Low,Close,Volume,Comment,Currency"
    line = b"2020-01-02,AAPL,1,2,1,1,100,whatever,usd"
    assert read_one(line, header=header) == "2,2020-01-02,AAPL,1,2,1,1,100,USD"


@pytest.mark.parametrize(
    ("header", "words"),
    [
        pytest.param(b"symbol,date,close", "open, high, low, volume", id="missing columns"),
        pytest.param(b"", "symbol, date", id="empty"),
        pytest.param(HEADER + b",close", "close stand", id="twice"),
        pytest.param(b"\xff\xfe", "UTF-8", id="another encoding"),
        pytest.param(b"PNG\x00\x01", "missing", id="another kind of file"),
    ],
)
def test_headers_that_mean_nothing(header: bytes, words: str) -> None:
    with pytest.raises(UnreadableFile, match=words):
        read_layout(header)


def test_a_byte_order_mark_is_no_part_of_the_header() -> None:
    assert read_layout(b"\xef\xbb\xbf" + HEADER + b"\r").columns[0] == "symbol"


@given(st.binary(max_size=80))
def test_no_line_is_lost_or_breaks_the_reader(noise: bytes) -> None:
    line = noise.replace(b"\n", b"")
    staged, refused = read_lines(read_layout(HEADER), [line, GOOD], first_line=2)
    assert len(staged) + len(refused) == (2 if line.strip() else 1)
    assert all(b"\0" not in item.text.encode(errors="replace") for item in refused)


def dated(on: str) -> bytes:
    return GOOD.replace(b"2020-01-02", on.encode())


BLOCK_LINES = [
    GOOD,
    dated("2000-02-29"),
    dated("2016-02-29"),
    dated("1900-02-29"),
    dated("2100-02-29"),
    dated("2019-02-29"),
    GOOD.replace(b"1.4", b""),
    GOOD + b"\r",
    b"",
    b'"AAPL",2020-01-02,1,2,0.5,1.5,1.4,100',
    b"AAPL,2020-01-02,1,2",
]


@given(st.lists(st.sampled_from(BLOCK_LINES), max_size=8))
def test_a_block_is_read_as_its_lines_are(lines: list[bytes]) -> None:
    layout = read_layout(HEADER)
    one_by_one = [read_lines(layout, [line], first_line=2 + n) for n, line in enumerate(lines)]
    assert read_lines(layout, lines, first_line=2) == (
        [staged for found, _ in one_by_one for staged in found],
        [refusal for _, found in one_by_one for refusal in found],
    )


@pytest.mark.parametrize("year", range(1800, 3000, 4))
def test_plain_dates_know_leap_years(year: int) -> None:
    pattern = read_layout(HEADER).plain_line
    assert pattern is not None
    assert bool(pattern.fullmatch(dated(f"{year}-02-29"))) == isleap(year)
    assert not pattern.fullmatch(dated(f"{year + 1}-02-29"))
