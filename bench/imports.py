"""Taking in a broker's file of 48,000 rows: looked at and booked, as the worker does it.

The limit is reading the same file with the ``csv`` module.
"""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, timedelta
from typing import Final

from accounts.models import User
from accounts.tiers import Tier
from bench.harness import Options, Report, alternate, measured, peak_memory_mib
from market.models import Exchange, Instrument
from portfolio.imports import commits, previews, undoing
from portfolio.models import FileImport, JournalEntry, Portfolio
from portfolio.portfolios import open_portfolio

ROWS: Final = 48_000
SYMBOLS: Final = 50
SECONDS: Final = 20
HEADER: Final = "Date,Type,Symbol,Quantity,Price,Fees,Currency,Order ID"
NOW: Final = datetime(2026, 1, 5, 12, tzinfo=UTC)


def run(options: Options) -> Report:
    report = Report("import", options.seed, options.rounds)
    count = max(100, int(ROWS * options.scale))
    content = broker_file(count)
    owner = User.objects.create_user("import@example.com", "a-long-password", tier=Tier.ADMIN)
    make_instruments()
    parts: dict[str, list[float]] = {"preview": [], "commit": [], "undo": []}

    def ours() -> float:
        portfolio = open_portfolio(
            owner=owner,
            name=f"Depot {JournalEntry.objects.count()}",
            kind="tracked",
            currency="USD",
            starting_cash=None,
            opened_at=NOW,
        )
        took = take_in(portfolio, owner, content)
        for name, seconds in took.items():
            parts[name].append(seconds)
        return took["preview"] + took["commit"]

    def limit() -> float:
        with measured() as sample:
            rows = sum(1 for _ in csv.reader(io.StringIO(content.decode())))
        assert rows == count + 1
        return sample.wall_seconds

    results = alternate(options.rounds, {"ours": ours, "limit": limit})
    report.add(
        f"{count:,} rows, looked at and booked",
        unit="s",
        ours=results["ours"],
        at_most=SECONDS * count / ROWS,
    )
    report.add("beside reading the file", unit="s", ours=results["ours"], limit=results["limit"])
    for name, seconds in parts.items():
        report.add(f"of it: {name}" if name != "undo" else "undone", unit="s", ours=seconds)
    report.memory_mib = peak_memory_mib()
    return report


def take_in(portfolio: Portfolio, owner: User, content: bytes) -> dict[str, float]:
    """Seconds of each step; every row is booked, or it is no measurement."""
    found = FileImport.objects.create(
        portfolio=portfolio,
        created_by=owner,
        file_name="orders.csv",
        content=content,
        created_at=NOW,
    )
    with measured() as preview:
        previews.preview(found.id, at=NOW)
    FileImport.objects.filter(id=found.id).update(status="committing")
    with measured() as commit:
        commits.carry_out(found.id, at=NOW)
    found.refresh_from_db()
    assert found.rows_done == found.rows_total, found.error
    FileImport.objects.filter(id=found.id).update(status="reversing")
    with measured() as undo:
        undoing.carry_out(found.id, at=NOW)
    found.refresh_from_db()
    assert found.status == "reversed", found.error
    return {
        "preview": preview.wall_seconds,
        "commit": commit.wall_seconds,
        "undo": undo.wall_seconds,
    }


def broker_file(count: int) -> bytes:
    """Purchases with a smaller sale after every third, over ten years, oldest first."""
    lines = [HEADER]
    first = date(2016, 1, 4)
    for number in range(count):
        kind, quantity = ("sell", 2) if number % 4 == 3 else ("buy", 10 + number % 7)
        day = first + timedelta(days=number * 3600 // count)
        lines.append(
            f"{day},{kind},BI{number // 4 % SYMBOLS},{quantity},{100 + number % 50}.25,1.00,USD,"
            f"order-{number}"
        )
    return "\n".join(lines).encode()


def make_instruments() -> None:
    exchange, _ = Exchange.objects.get_or_create(
        mic="XNYS",
        defaults={"name": "New York", "timezone": "America/New_York", "calendar": "XNYS"},
    )
    Instrument.objects.bulk_create(
        Instrument(symbol=f"BI{number}", name=f"Bench {number}", exchange=exchange, currency="USD")
        for number in range(SYMBOLS)
    )
