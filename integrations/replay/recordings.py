"""Files of recorded ticks and quotes: CSV, CSV.GZ or Parquet, read row by row.

Columns are those of the ticks download, ``occurred_at``, ``price`` and ``size``, and, where there
are any, ``symbol``, ``bid``, ``bid_size``, ``ask`` and ``ask_size``. A row with a price is a trade;
one with a bid or an ask is a quote; one may be both. Without a column ``symbol`` the file's name
says it: ``AAPL-ticks.csv``, ``XNAS:AAPL.parquet``.
"""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from market.errors import MarketError

SUFFIXES: Final = (".csv", ".csv.gz", ".parquet")
NUMBERS: Final = ("price", "size", "bid", "bid_size", "ask", "ask_size")
BATCH_ROWS: Final = 10_000


class UnreadableRecording(MarketError):
    """There is nothing to replay, or a file of it cannot be read."""

    code = "unreadable_recording"


@dataclass(frozen=True, slots=True)
class RecordedPrice:
    """What one row says; prices in the instrument's currency, sizes in units."""

    occurred_at: datetime  # UTC
    symbol: str  # AAPL or XNAS:AAPL
    price: Decimal | None
    size: Decimal | None
    bid: Decimal | None
    bid_size: Decimal | None
    ask: Decimal | None
    ask_size: Decimal | None


def recordings(path: Path) -> list[Path]:
    """The file, or the files of the folder, by name.

    Raises:
        UnreadableRecording: there are none.
    """
    try:
        found = sorted(path.iterdir()) if path.is_dir() else [path]
        files = [one for one in found if one.name.lower().endswith(SUFFIXES) and one.is_file()]
    except OSError as error:
        raise UnreadableRecording(f"{path} cannot be read: {error}.") from error
    if not files:
        raise UnreadableRecording(f"{path} holds no {', '.join(SUFFIXES)}.")
    return files


def read_recording(path: Path) -> Iterator[RecordedPrice]:
    """The rows of a file in its order, which must be that of time.

    Raises:
        UnreadableRecording: it is damaged, lacks columns, a row makes no sense or goes back in
            time; the rows before were given.
    """
    symbol = symbol_of(path)
    latest: datetime | None = None
    read = 0
    try:
        for row in _rows(path):
            price = read_row(row, symbol=symbol)
            if latest is not None and price.occurred_at < latest:
                raise ValueError("it goes back in time")
            latest = price.occurred_at
            read += 1
            yield price
    except KeyError as error:
        raise UnreadableRecording(f"{path.name} has no column {error}.") from error
    except (
        *(ValueError, TypeError, InvalidOperation, OSError, EOFError, zlib.error),
        *(csv.Error, pa.ArrowException),
    ) as error:
        message = f"{path.name} cannot be read after {read} rows: {error}."
        raise UnreadableRecording(message) from error


def symbol_of(path: Path) -> str:
    name = path.name
    for suffix in sorted(SUFFIXES, key=len, reverse=True):
        if name.lower().endswith(suffix):
            name = name[: -len(suffix)]
            break
    return name.removesuffix("-ticks").upper()


def read_row(row: Mapping[str, Any], *, symbol: str) -> RecordedPrice:
    """Raises:
    KeyError: a column is missing.
    ValueError: a value makes no sense.
    """
    numbers = {name: _number(row, name) for name in NUMBERS}
    if all(numbers[name] is None for name in ("price", "bid", "ask")):
        raise ValueError("it has no price, bid or ask")
    return RecordedPrice(_moment(row["occurred_at"]), str(row.get("symbol") or symbol), **numbers)


def _rows(path: Path) -> Iterator[Mapping[str, Any]]:
    if path.name.lower().endswith(".parquet"):
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=BATCH_ROWS):
                yield from batch.to_pylist()
        return
    opened = gzip.open if path.name.lower().endswith(".gz") else open
    with opened(path, "rt", encoding="utf-8-sig", newline="") as text:
        yield from csv.DictReader(text, strict=True)


def _moment(value: Any) -> datetime:
    at = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    if at.tzinfo is None:
        raise ValueError(f"occurred_at was {value}, must carry an offset")
    return at.astimezone(UTC)


def _number(row: Mapping[str, Any], name: str) -> Decimal | None:
    value = row.get(name)
    if value is None or value == "":
        return None
    # A float of somebody else's Parquet is taken by its shortest text.
    number = Decimal(str(value))
    if not number.is_finite() or number < 0 or (number == 0 and not name.endswith("size")):
        raise ValueError(f"{name} was {value}")
    return number
