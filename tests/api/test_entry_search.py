"""Activities and the journal, looked for by kind, symbol, period and words, and as files."""

from __future__ import annotations

import io
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from market.models import Instrument
from portfolio.models import Portfolio
from tests.api.books import Book
from tests.api.clients import ApiClient, all_items, fields_in
from tests.factories import make_instrument

LISTS = ("activities", "journal")


@pytest.fixture
def book(api: ApiClient, apple: Instrument) -> Book:
    """Days from 2024-01-03 on: money, two purchases, a dividend, and what a spin-off brought."""
    make_instrument("SPUN")
    made = Book(api)
    made("deposit", amount="10000", note="Salary of January")
    made("buy", 10, 100, external_id="Broker-7")
    made("buy", 5, 110, symbol="SPUN")
    made("dividend", symbol="AAPL", amount="12")
    made("spin_off", 2, symbol="SPUN", from_symbol="AAPL", cost_share="0.1")
    return made


def kinds(found: list[dict[str, Any]]) -> list[str]:
    return [row["kind"] for row in found]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        pytest.param({"kind": "buy"}, ["buy", "buy"], id="a kind"),
        pytest.param({"kind": "deposit,dividend"}, ["dividend", "deposit"], id="several kinds"),
        pytest.param({"symbol": "SPUN"}, ["spin_off", "buy"], id="a symbol"),
        pytest.param({"symbol": "xnas:aapl"}, ["spin_off", "dividend", "buy"], id="its address"),
        pytest.param({"start": "2024-01-06"}, ["spin_off", "dividend"], id="from a day on"),
        pytest.param({"end": "2024-01-04"}, ["deposit"], id="before a day"),
        pytest.param(
            {"start": "2024-01-04T15:00:00Z", "end": "2024-01-05T15:00:00Z"}, ["buy"], id="moments"
        ),
        pytest.param({"search": " salary "}, ["deposit"], id="words of a note"),
        pytest.param({"search": "broker-7"}, ["buy"], id="an external id"),
        pytest.param({"search": "100%"}, [], id="no pattern"),
        pytest.param(
            {"kind": "buy,dividend", "symbol": "AAPL", "start": "2024-01-05", "search": ""},
            ["dividend"],
            id="together",
        ),
    ],
)
def test_what_is_looked_for_is_found_newest_first(
    book: Book, wanted: dict[str, str], found: list[str]
) -> None:
    assert [kinds(book.read(part, **wanted)["items"]) for part in LISTS] == [found, found]


def test_the_journal_is_searched_for_bookkeeping_too(book: Book) -> None:
    (deposit,) = book.read("activities", kind="deposit")["items"]
    book.api.post(f"/activities/{deposit['id']}/reversal", {})
    (reversal,) = book.read("journal", kind="reversal")["items"]
    assert reversal["reverses_id"] == deposit["id"]


@pytest.mark.parametrize(
    ("wanted", "problems"),
    [
        pytest.param({"kind": "buy,bought"}, {"kind": "unknown"}, id="no kind"),
        pytest.param({"kind": ""}, {"kind": "unknown"}, id="an empty kind"),
        pytest.param({"symbol": "NOPE"}, {"symbol": "unknown_symbol"}, id="no symbol"),
        pytest.param({"search": "x" * 101}, {"search": "string_too_long"}, id="long words"),
        pytest.param({"start": "yesterday"}, {"start": "not_a_time"}, id="no time"),
        pytest.param(
            {"start": "2024-01-05", "end": "2024-01-04"}, {"end": "before_start"}, id="backwards"
        ),
        pytest.param(
            {"symbol": "NOPE", "kind": "bought"},
            {"symbol": "unknown_symbol", "kind": "unknown"},
            id="several at once",
        ),
    ],
)
def test_what_makes_no_sense_is_named(
    api: ApiClient, paper: Portfolio, wanted: dict[str, str], problems: dict[str, str]
) -> None:
    for part in LISTS:
        for form in ("json", "csv"):
            answer = api.get(f"/portfolios/{paper.id}/{part}", **wanted, format=form)
            assert answer.status_code == 422
            assert answer["Content-Type"] == "application/problem+json"
            assert fields_in(answer) == problems


def test_bookkeeping_is_no_kind_of_activity(book: Book) -> None:
    answer = book.api.get(f"{book.path}/activities", kind="settlement")
    assert fields_in(answer) == {"kind": "unknown"}
    assert "deposit" in answer.json()["errors"][0]["message"]


def test_a_symbol_of_several_exchanges_must_say_which(book: Book) -> None:
    make_instrument("AAPL", mic="XLON")
    answer = book.api.get(f"{book.path}/activities", symbol="AAPL")
    assert fields_in(answer) == {"symbol": "ambiguous_symbol"}
    assert len(book.read("activities", symbol="XNAS:AAPL")["items"]) == 3


@pytest.mark.parametrize("part", LISTS)
def test_a_cursor_goes_on_in_its_own_search_alone(book: Book, part: str) -> None:
    path, wanted = f"{book.path}/{part}", {"kind": "buy,spin_off", "symbol": "SPUN", "limit": 1}
    assert kinds(all_items(book.api, path, **wanted)) == ["spin_off", "buy"]
    cursor = book.api.get(path, **wanted).json()["next_cursor"]
    same = book.api.get(path, **wanted | {"kind": "spin_off,buy"}, cursor=cursor)
    assert kinds(same.json()["items"]) == ["buy"]
    for change in ({"kind": "buy"}, {"symbol": "AAPL"}, {"search": "a"}, {"end": "2025-01-01"}):
        answer = book.api.get(path, **wanted | change, cursor=cursor)
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_cursor")


def test_a_file_of_activities_says_what_the_list_says(book: Book) -> None:
    wanted = {"kind": "buy,spin_off", "end": "2024-02-01"}
    csv = book.api.get(f"{book.path}/activities", **wanted, format="csv")
    assert csv["Content-Disposition"] == f'attachment; filename="activities-{book.id}.csv"'
    frame = pd.read_csv(io.BytesIO(b"".join(csv)), dtype=str, keep_default_na=False)
    shown = [
        {name: words_of(value) for name, value in row.items() if name != "lots"}
        for row in book.read("activities", **wanted)["items"]
    ]
    assert len(shown) == 3
    # The same facts in the same words, oldest first.
    assert frame.to_dict("records") == [
        {name: row[name] for name in frame.columns} for row in reversed(shown)
    ]
    assert set(frame.columns) == shown[0].keys()
    parquet = book.api.get(f"{book.path}/activities", **wanted, format="parquet")
    rows = pq.read_table(io.BytesIO(b"".join(parquet))).to_pylist()
    assert [row["id"] for row in rows] == frame["id"].tolist()
    assert [row["is_reversed"] for row in rows] == [False] * 3


def words_of(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def test_a_file_of_the_journal_has_the_postings_of_what_is_found(book: Book) -> None:
    wanted = {"symbol": "AAPL", "kind": "buy,dividend"}
    csv = book.api.get(f"{book.path}/journal", **wanted, format="csv")
    frame = pd.read_csv(io.BytesIO(b"".join(csv)), dtype=str, keep_default_na=False)
    shown = list(reversed(book.read("journal", **wanted)["items"]))
    assert frame["entry_id"].unique().tolist() == [row["id"] for row in shown]
    assert frame["amount"].tolist() == [
        posting["amount"] for row in shown for posting in row["postings"]
    ]


def test_nothing_found_is_a_file_with_its_columns(book: Book) -> None:
    csv = book.api.get(f"{book.path}/activities", search="nothing like it", format="csv")
    lines = b"".join(csv).decode().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("id,kind,occurred_at")


def test_strangers_find_nothing_whatever_they_look_for(
    stranger_api: ApiClient, paper: Portfolio
) -> None:
    for part in LISTS:
        for query in ({"kind": "buy"}, {"kind": "nonsense"}, {"format": "csv"}):
            answer = stranger_api.get(f"/portfolios/{paper.id}/{part}", **query)
            assert answer.status_code == 404


def test_a_search_costs_the_same_whatever_it_finds(book: Book) -> None:
    few = queries_for(book, found=1)
    for number in range(4):
        book("buy", 1, 100, external_id=f"7-{number}")
    assert queries_for(book, found=5) == few


def queries_for(book: Book, *, found: int) -> list[int]:
    wanted = {"kind": "buy,deposit", "symbol": "AAPL", "start": "2024-01-01", "search": "7"}
    counts = []
    for part in LISTS:
        book.read(part, **wanted)  # whose key it is, is remembered for a moment
        with CaptureQueriesContext(connection) as captured:
            assert len(book.read(part, **wanted)["items"]) == found
        counts.append(len(captured))
    return counts
