"""DuckDB and Polars read out of exports what the database holds, number by number."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import duckdb
import polars as pl
import pytest
from django.db import connection

from integrations.exports import nights
from integrations.exports.datasets import columns_of
from integrations.models import Export
from portfolio.valuation import refresh_valuations
from tests.integrations.exports.desk import DAY, LATER, ask, make_everything, written

pytestmark = pytest.mark.django_db(transaction=True)

INSTRUMENT = "JOIN market_instrument i ON i.id = t.instrument_id"
FROM_DATABASE = {
    "ticks": f"""SELECT i.exchange_id, i.symbol, t.occurred_at, t.price, t.size, t.source
        FROM market_tick t {INSTRUMENT} ORDER BY 1, 2, 3""",
    "bars": f"""SELECT i.exchange_id, i.symbol, t.opened_at, t.open, t.high, t.low, t.close,
        t.volume, round(t.turnover / t.volume, 8), t.count, t.source
        FROM market_bar t {INSTRUMENT} WHERE t."interval" = '1d' ORDER BY 1, 2, 3""",
    "fills": f"""SELECT t.id::text, t.order_id::text, t.portfolio_id::text, i.symbol, t.side,
        t.quantity, t.price, t.commission, t.counterparty, t.executed_at, t.trade_date,
        t.settlement_date FROM trading_fill t {INSTRUMENT} ORDER BY t.executed_at, t.id""",
    "journal": """SELECT e.portfolio_id::text, e.id::text, e.kind, e.occurred_at, e.recorded_at,
        e.external_id, i.symbol, e.quantity, e.unit_price, e.note, e.reverses_id::text, a.kind,
        coalesce(nullif(a.currency, ''), of_account.symbol), p.amount
        FROM portfolio_posting p JOIN portfolio_journalentry e ON e.id = p.entry_id
        JOIN portfolio_ledgeraccount a ON a.id = p.ledger_account_id
        LEFT JOIN market_instrument i ON i.id = e.instrument_id
        LEFT JOIN market_instrument of_account ON of_account.id = a.instrument_id
        ORDER BY e.occurred_at, e.id, p.id""",
    "valuations": """SELECT v.portfolio_id::text, v.date, p.currency, v.cash, v.market_value,
        v.cash + v.market_value, v.cost, v.net_flow, v.inflow, v.outflow, v.carried_gain,
        v.income, v.fees, v.taxes, v.trade_fees, v.trade_taxes, v.currency_effect, v.cash_effect,
        v.gap
        FROM portfolio_dailyvaluation v JOIN portfolio_portfolio p ON p.id = v.portfolio_id
        ORDER BY v.date, v.portfolio_id""",
    "positions": f"""SELECT t.portfolio_id::text, t.date, i.exchange_id, i.symbol, p.currency,
        t.quantity, t.price, t.rate, t.market_value, t.cost, t.inflow, t.outflow, t.income,
        t.charges, t.trade_charges, t.currency_effect, t.gap
        FROM portfolio_positionvaluation t {INSTRUMENT}
        JOIN portfolio_portfolio p ON p.id = t.portfolio_id ORDER BY 1, 4, 2""",
}
WHAT: dict[str, dict[str, Any]] = {
    "ticks": {"symbols": ("MSFT", "XNAS:AAPL")},
    "bars": {"symbols": ("AAPL", "MSFT"), "interval": "1d"},
}
FOLDERS = {
    "ticks": ["day=2026-03-02", "day=2026-03-03"],
    "bars": ["interval=1d/year=2026"],
    "fills": ["month=2026-03"],
    "journal": ["month=2026-02", "month=2026-03"],
    "valuations": ["year=2026"],
    "positions": ["year=2026"],
}


def in_database(dataset: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(FROM_DATABASE[dataset])
        return plain(cursor.fetchall())


def plain(rows: Iterable[Sequence[Any]]) -> list[tuple[Any, ...]]:
    """Moments in UTC; everything else as it is, exact to the last place."""
    return [tuple(v.astimezone(UTC) if isinstance(v, datetime) else v for v in row) for row in rows]


def files_of(export: Export) -> str:
    return f"{export.folder}/{export.dataset}/**/*.parquet"


def in_duckdb(export: Export, names: Sequence[str]) -> list[tuple[Any, ...]]:
    with duckdb.connect() as reader:
        reader.execute("SET TimeZone = 'UTC'")
        found = reader.execute(
            f"SELECT {', '.join(names)} FROM read_parquet(?, hive_partitioning = true)",
            [files_of(export)],
        )
        return plain(found.fetchall())


def in_polars(export: Export, names: Sequence[str]) -> list[tuple[Any, ...]]:
    found = pl.scan_parquet(files_of(export), hive_partitioning=True).select(names)
    return plain(found.collect().rows())


def sorted_rows(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return sorted(rows, key=repr)


def test_both_read_every_dataset_as_the_database_has_it() -> None:
    portfolio = make_everything()
    owner = portfolio.owner
    for dataset in FROM_DATABASE:
        facts: dict[str, Any] = WHAT.get(dataset) or {"portfolio_id": portfolio.id}
        export = written(ask(owner, dataset, **facts))
        assert (export.status, export.error) == ("completed", "")
        expected, names = in_database(dataset), columns_of(dataset)
        assert len(expected) == export.rows > 1, dataset
        assert sorted_rows(in_duckdb(export, names)) == sorted_rows(expected)
        assert sorted_rows(in_polars(export, names)) == sorted_rows(expected)
        assert [file.path for file in export.files.order_by("path")] == [
            f"{dataset}/{folder}/{dataset}.parquet" for folder in FOLDERS[dataset]
        ]


def test_the_folders_are_columns_for_both() -> None:
    portfolio = make_everything()
    export = written(ask(portfolio.owner, "ticks", symbols=("AAPL",)))
    with duckdb.connect() as reader:
        found = reader.execute(
            "SELECT day, count(*) FROM read_parquet(?, hive_partitioning = true)"
            " GROUP BY day ORDER BY day",
            [files_of(export)],
        ).fetchall()
    assert [(str(day), count) for day, count in found] == [("2026-03-02", 3), ("2026-03-03", 3)]
    table = pl.scan_parquet(files_of(export), hive_partitioning=True).collect()
    assert {str(day) for day in table["day"]} == {"2026-03-02", "2026-03-03"}


def test_only_the_columns_that_were_asked_for_are_in_it() -> None:
    portfolio = make_everything()
    export = written(
        ask(
            portfolio.owner,
            "fills",
            portfolio_id=portfolio.id,
            columns=("price", "symbol", "quantity"),
        )
    )
    assert export.columns == ["symbol", "quantity", "price"]
    found = pl.scan_parquet(files_of(export), hive_partitioning=False).collect()
    assert found.columns == ["symbol", "quantity", "price"]
    assert found["quantity"].sum() == 6


def test_nights_hold_everybody_and_read_as_one_dataset() -> None:
    portfolio = make_everything()
    refresh_valuations(portfolio.id, LATER.date() - DAY)
    for days in range(6):
        # A desk that has nights already writes those since.
        nights.request_due_nights(at=LATER + (days - 4) * DAY)
    for export in Export.objects.nightly():
        assert written(export).status == "completed"
    ticks = Export.objects.nightly().filter(dataset="ticks").first()
    assert ticks is not None
    assert sorted_rows(in_duckdb(ticks, columns_of("ticks"))) == sorted_rows(in_database("ticks"))
    fills = Export.objects.nightly().filter(dataset="fills").first()
    assert fills is not None
    assert in_polars(fills, columns_of("fills")) == in_database("fills")
