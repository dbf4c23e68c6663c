"""Bars, ticks, journal and fills as CSV and Parquet, read back by what people read them with."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.conf import LazySettings
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import User
from accounts.table_answers import Begun, Format, table_response
from accounts.table_files import (
    AMOUNT,
    COUNT,
    PRICE,
    TEXT,
    Column,
    Row,
    Table,
    csv_chunks,
    read_sql,
)
from accounts.tiers import Tier
from market.intake.ingestion import ensure_tick_partitions, store_ticks
from market.models import Instrument
from market.values import TickValue
from portfolio.models import Portfolio, Posting
from tests.api.clients import ROOT, Answer, ApiClient, fields_in, key_for
from tests.factories import make_daily_bars, make_user, noon_before
from tests.trading import factories

PARQUET = "application/vnd.apache.parquet"
AT = datetime(2026, 1, 5, 15, tzinfo=UTC)


def body_of(response: Answer) -> bytes:
    return b"".join(response)


def parquet_of(response: Answer) -> pa.Table:
    assert response.status_code == 200, response
    assert response["Content-Type"] == PARQUET
    return pq.read_table(io.BytesIO(body_of(response)))


def csv_of(response: Answer) -> pd.DataFrame:
    assert response.status_code == 200, response
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    return pd.read_csv(io.BytesIO(body_of(response)), dtype=str, keep_default_na=False)


def accepting(api: ApiClient, path: str, accept: str) -> Answer:
    return api.client.get(ROOT + path, headers=api.headers() | {"Accept": accept})


@pytest.fixture
def ticks(apple: Instrument) -> list[TickValue]:
    ensure_tick_partitions(first_date=AT.date(), days=2)
    values = [
        TickValue(
            instrument_id=apple.id,
            occurred_at=AT + timedelta(microseconds=number),
            provider_tick_id=f"t{number}",
            price=Decimal("100.00000001") + number,
            size=Decimal("0.0000000001") * (number + 1),
            source="simulated",
        )
        for number in range(7)
    ]
    store_ticks(values, received_at=AT + timedelta(minutes=1))
    return values


def test_bars_in_parquet_are_exact(api: ApiClient, apple: Instrument) -> None:
    make_daily_bars(apple, ["10.05", "11.00000001"])
    response = api.get("/instruments/AAPL/bars", format="parquet")
    assert response["Content-Disposition"] == 'attachment; filename="AAPL-1d.parquet"'
    assert "Accept" in response["Vary"]
    table = parquet_of(response)
    assert table.schema.field("close").type == pa.decimal128(20, 8)
    assert table.schema.field("volume").type == pa.decimal128(28, 10)
    assert table.schema.field("opened_at").type == pa.timestamp("us", tz="UTC")
    shown = api.get("/instruments/AAPL/bars").json()["items"]
    rows = table.to_pylist()
    assert [row["close"] for row in rows] == [Decimal("10.05"), Decimal("11.00000001")]
    assert [row["opened_at"].isoformat().replace("+00:00", "Z") for row in rows] == [
        bar["opened_at"] for bar in shown
    ]
    assert rows[0].keys() == shown[0].keys()
    assert str(table.to_pandas()["opened_at"].dtype) == "datetime64[us, UTC]"


def test_a_csv_says_what_json_says(api: ApiClient, apple: Instrument) -> None:
    make_daily_bars(apple, ["10.05", "11", "12.5"])
    frame = csv_of(api.get("/instruments/AAPL/bars", format="csv", limit=2))
    shown = api.get("/instruments/AAPL/bars", limit=2).json()["items"]
    expected = [{name: "" if v is None else str(v) for name, v in bar.items()} for bar in shown]
    assert frame.to_dict("records") == expected


def test_a_file_of_bars_is_the_whole_span(
    api: ApiClient, apple: Instrument, settings: LazySettings
) -> None:
    settings.LIMITS = replace(settings.LIMITS, download_batch_rows=100)
    make_daily_bars(apple, range(1, 601))
    assert len(api.get("/instruments/AAPL/bars").json()["items"]) == 500
    assert parquet_of(api.get("/instruments/AAPL/bars", format="parquet")).num_rows == 600


def test_ticks_are_exact_and_ascending(api: ApiClient, ticks: list[TickValue]) -> None:
    table = parquet_of(accepting(api, "/instruments/AAPL/ticks", PARQUET))
    rows = table.to_pylist()
    assert [row["price"] for row in rows] == [tick.price for tick in ticks]
    assert [row["size"] for row in rows] == [tick.size for tick in ticks]
    assert [row["occurred_at"] for row in rows] == [tick.occurred_at for tick in ticks]
    frame = csv_of(api.get("/instruments/AAPL/ticks", format="csv", limit=2))
    assert frame["price"].tolist() == ["100.00000001", "101.00000001"]
    assert frame["size"].tolist() == ["0.0000000001", "0.0000000002"]
    assert frame["occurred_at"].tolist() == ["2026-01-05T15:00:00Z", "2026-01-05T15:00:00.000001Z"]


def test_the_journal_has_every_posting(api: ApiClient, paper: Portfolio) -> None:
    path = f"/portfolios/{paper.id}/journal"
    table = parquet_of(api.get(path, format="parquet"))
    rows = table.to_pylist()
    assert len(rows) == Posting.objects.filter(entry__portfolio=paper).count() == 2
    assert sum(row["amount"] for row in rows) == 0
    assert {row["commodity"] for row in rows} == {"USD"}
    assert {row["kind"] for row in rows} == {"deposit"}
    assert rows[0]["symbol"] is rows[0]["reverses_id"] is None
    frame = csv_of(accepting(api, path, "text/csv"))
    assert sorted(frame["amount"]) == ["-100000", "100000"]
    assert frame["symbol"].tolist() == ["", ""]


def test_fills_without_any_still_have_columns(api: ApiClient, paper: Portfolio) -> None:
    table = parquet_of(api.get("/fills", format="parquet"))
    assert table.num_rows == 0
    assert table.schema.field("trade_date").type == pa.date32()
    assert csv_of(api.get("/fills", format="csv")).columns.tolist() == table.column_names


@pytest.mark.django_db(transaction=True)
def test_fills_are_those_that_the_list_shows() -> None:
    alice = factories.make_user()
    portfolio = factories.make_portfolio(alice)
    instrument = factories.make_instrument()
    factories.publish_quote(instrument)
    matcher = factories.leading_matcher()
    for quantity in ("3", "4"):
        factories.place(portfolio, instrument, quantity=quantity)
    matcher.work()
    api = ApiClient(key_for(alice))
    shown = api.get("/fills").json()["items"]
    assert shown
    frame = csv_of(api.get("/fills", format="csv"))
    assert list(reversed(frame.to_dict("records"))) == shown
    rows = parquet_of(api.get("/fills", format="parquet")).to_pylist()
    assert sum(row["quantity"] for row in rows) == 7
    assert str(rows[0]["trade_date"]) == shown[-1]["trade_date"]


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("*/*", "application/json; charset=utf-8"),
        ("text/csv;q=0.5, application/json;q=0.4", "text/csv; charset=utf-8"),
        ("application/*", "application/json; charset=utf-8"),
        (f"{PARQUET}, text/html", PARQUET),
    ],
)
def test_the_header_chooses(
    api: ApiClient, apple: Instrument, accept: str, content_type: str
) -> None:
    response = accepting(api, "/instruments/AAPL/bars", accept)
    assert response["Content-Type"] == content_type
    _ = b"".join(response)


@pytest.mark.parametrize("path", ["/instruments/AAPL/bars", "/instruments/AAPL/ticks", "/fills"])
def test_an_impossible_wish_is_406(api: ApiClient, apple: Instrument, path: str) -> None:
    response = accepting(api, path, "image/png")
    assert response.status_code == 406
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["code"] == "not_acceptable"
    assert PARQUET in response.json()["detail"]
    # A named format stands above the header.
    named = accepting(api, f"{path}?format=json", "image/png")
    assert named.status_code == 200
    assert fields_in(api.get(path, format="xml")) == {"format": "enum"}


def test_the_tiers_history_holds_for_files(apple: Instrument) -> None:
    dora = make_user("dora@example.com", tier=Tier.STANDARD)
    api = ApiClient(key_for(dora))
    make_daily_bars(apple, range(1, 41), first_at=noon_before(days=40))
    assert parquet_of(api.get("/instruments/AAPL/bars", format="parquet")).num_rows == 30
    early = (timezone.now() - timedelta(days=38)).isoformat()
    assert api.get("/instruments/AAPL/bars", format="csv", start=early).status_code == 403
    browser = Client()
    browser.force_login(dora)
    page = browser.get("/instruments/AAPL/bars/file", {"interval": "1d", "format": "csv"})
    assert len(csv_of(page)) == 30


def test_strangers_get_no_file(
    stranger_api: ApiClient, paper: Portfolio, charlie: User, client: Client
) -> None:
    journal = f"/portfolios/{paper.id}/journal"
    assert stranger_api.get(journal, format="csv").status_code == 404
    assert client.get(f"{journal}/file?format=csv").status_code == 302
    client.force_login(charlie)
    assert client.get(f"{journal}/file?format=csv").status_code == 404
    assert len(csv_of(client.get("/fills/file?format=csv"))) == 0


@pytest.mark.parametrize(
    "path",
    [
        "/instruments/AAPL/bars/file",
        "/instruments/AAPL/bars/file?interval=9d&format=csv",
        "/instruments/AAPL/ticks/file?format=xml",
        "/portfolios/{paper}/journal/file",
        "/fills/file?format=json",
    ],
)
def test_pages_refuse_formats_they_do_not_have(
    client: Client, alice: User, apple: Instrument, paper: Portfolio, path: str
) -> None:
    client.force_login(alice)
    assert client.get(path.format(paper=paper.id)).status_code == 422


def test_pages_link_to_files_that_are_there(
    client: Client, alice: User, apple: Instrument, paper: Portfolio, ticks: list[TickValue]
) -> None:
    client.force_login(alice)
    page = client.get("/instruments/AAPL").content.decode()
    address = "/instruments/AAPL"
    assert f'action="{address}/bars/file"' in page
    assert f'href="{address}/ticks/file?format=parquet"' in page
    found = client.get(f"{address}/ticks/file?format=parquet")
    assert parquet_of(found).num_rows == len(ticks)
    assert f"/portfolios/{paper.id}/journal/file?format=csv" in (
        client.get(f"/portfolios/{paper.id}/journal").content.decode()
    )
    assert len(csv_of(client.get(f"/portfolios/{paper.id}/journal/file?format=csv"))) == 2
    assert client.get("/instruments/NOPE/bars/file?interval=1d&format=csv").status_code == 404


def many_rows(count: int) -> Table:
    sql = """
        SELECT number, (number::numeric / 7)::numeric(20, 8), repeat('x', 40), -number::numeric
        FROM generate_series(1, %(count)s) AS number
    """
    columns = (
        *(Column("number", COUNT), Column("price", PRICE)),
        *(Column("text", TEXT), Column("amount", AMOUNT)),
    )
    return Table("many", columns, lambda: read_sql(sql, {"count": count}))


@pytest.mark.parametrize("form", [Format.CSV, Format.PARQUET])
def test_a_large_file_is_never_whole_in_memory(db: None, form: Format) -> None:
    response = table_response(many_rows(500_000), form)
    sizes, pieces = [], []
    for piece in response:
        sizes.append(len(piece))
        pieces.append(piece)
    assert len([size for size in sizes if size]) >= 25
    assert max(sizes) < sum(sizes) / 10
    body = io.BytesIO(b"".join(pieces))
    if form is Format.PARQUET:
        file = pq.ParquetFile(body)
        assert (file.metadata.num_rows, file.metadata.num_row_groups) == (500_000, 25)
        last = file.read_row_group(24).to_pylist()[-1]
        assert last["price"] == Decimal("71428.57142857")
    else:
        assert len(pd.read_csv(body)) == 500_000


@pytest.mark.django_db(transaction=True)
def test_a_reader_who_leaves_frees_the_cursor_and_keeps_no_transaction() -> None:
    begun = Begun(csv_chunks(many_rows(100_000)))
    next(iter(begun))
    assert (open_cursors(), connection.in_atomic_block) == (1, False)
    begun.close()
    assert open_cursors() == 0


def open_cursors() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_cursors WHERE is_holdable")
        return int(cursor.fetchone()[0])


def test_a_failure_before_the_first_row_is_an_answer() -> None:
    def fail() -> Iterator[Row]:
        yield from [(Decimal(row),) for row in ("1", "two")]

    table = Table("t", [Column("a", PRICE)], fail)
    with pytest.raises(InvalidOperation):
        Begun(csv_chunks(table))
