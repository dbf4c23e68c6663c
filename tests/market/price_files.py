"""Price files for tests, and what became of them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from market.intake.price_files import import_file
from market.models import IngestionRun

HEADER = "symbol,date,open,high,low,close,adj_close,volume\n"
NOW = datetime(2026, 1, 5, 17, tzinfo=UTC)


def clock() -> datetime:
    return NOW


def write(path: Path, rows: str, *, header: str = HEADER) -> Path:
    path.write_text(header + rows)
    return path


def take_in(path: Path, **more: Any) -> IngestionRun:
    return import_file(path, instruments=None, clock=clock, **more)


def counts(run: IngestionRun) -> tuple[int, int, int, int]:
    return run.rows_read, run.rows_written, run.rows_unchanged, run.rows_refused


def refusals(run: IngestionRun) -> list[tuple[int, str]]:
    return list(run.refusals.order_by("line", "code").values_list("line", "code"))
