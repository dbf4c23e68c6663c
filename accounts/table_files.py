"""Tables as files, CSV or Parquet, made a batch at a time while they are being sent.

Rows come from a cursor of the server's, so neither the database's answer nor the file is ever
whole in memory. Numbers stay exact in both forms: as plain decimals in CSV, as ``decimal128`` in
Parquet. Times are UTC.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import islice
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
from django.conf import settings
from django.db import connection

Row = Sequence[Any]

TEXT: Final = pa.string()
MOMENT: Final = pa.timestamp("us", tz="UTC")
DAY: Final = pa.date32()
COUNT: Final = pa.int64()
TRUTH: Final = pa.bool_()
PRICE: Final = pa.decimal128(20, 8)
AMOUNT: Final = pa.decimal128(28, 10)
RATE: Final = pa.decimal128(38, 20)


@dataclass(frozen=True, slots=True)
class Column:
    """``kind`` is the type in Parquet; any of the constants above."""

    name: str
    kind: pa.DataType


@dataclass(frozen=True, slots=True)
class Table:
    """Rows to be sent as a file.

    ``name`` is the file's, without its ending. ``rows`` is called once and gives values in the
    order of the columns.
    """

    name: str
    columns: Sequence[Column]
    rows: Callable[[], Iterable[Row]]


def read_sql(sql: str, parameters: dict[str, Any]) -> Iterator[Row]:
    """Rows of a statement by a server-side cursor."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(sql, parameters)
        while rows := cursor.fetchmany(settings.LIMITS.download_batch_rows):
            yield from rows


def batches(table: Table) -> Iterator[list[Row]]:
    """The rows, as they were at one moment.

    Outside of a transaction Django's cursors are held by the server when their statement is done,
    so a client that reads slowly keeps no transaction open.
    """
    rows = iter(table.rows())
    while batch := list(islice(rows, settings.LIMITS.download_batch_rows)):
        yield batch


def csv_chunks(table: Table) -> Iterator[bytes]:
    """A header line, then a line a row; what is absent is empty."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([column.name for column in table.columns])
    yield text.getvalue().encode()
    for batch in batches(table):
        text.seek(0)
        text.truncate()
        writer.writerows(map(csv_value, row) for row in batch)
        yield text.getvalue().encode()


def csv_value(value: object) -> object:
    """As in JSON, truths too: ``true`` and ``false``."""
    return str(value).lower() if isinstance(value, bool) else exact_value(value)


def exact_value(value: object) -> object:
    """Decimals without exponent and needless zeros; times in RFC 3339, UTC."""
    if isinstance(value, Decimal):
        text = format(value, "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    return value


def json_chunks(table: Table) -> Iterator[bytes]:
    """A list of objects, one a line; numbers and times as in CSV, what is absent is null."""
    names = [column.name for column in table.columns]
    separator = "[\n"
    for batch in batches(table):
        lines = []
        for row in batch:
            facts = dict(zip(names, map(exact_value, row), strict=True))
            lines.append(separator + json.dumps(facts, ensure_ascii=False, default=str))
            separator = ",\n"
        yield "".join(lines).encode()
    yield b"[]\n" if separator == "[\n" else b"\n]\n"


class Outbox(io.RawIOBase):
    """A file that is written to and carried away in pieces."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._position = 0

    def writable(self) -> bool:
        return True

    def write(self, piece: Any) -> int:
        data = bytes(piece)
        self._pieces.append(data)
        self._position += len(data)
        return len(data)

    def tell(self) -> int:
        return self._position

    def take(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


def parquet_chunks(table: Table) -> Iterator[bytes]:
    """One row group a batch, compressed; the schema stands in the file even without rows."""
    schema = pa.schema([(column.name, column.kind) for column in table.columns])
    outbox = Outbox()
    with pq.ParquetWriter(outbox, schema, compression="zstd") as writer:
        for batch in batches(table):
            arrays = [
                pa.array(values, type=column.kind)
                for values, column in zip(zip(*batch, strict=True), table.columns, strict=True)
            ]
            writer.write_batch(pa.record_batch(arrays, schema=schema))
            yield outbox.take()
    yield outbox.take()
