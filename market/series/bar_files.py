"""Bars as a file."""

from __future__ import annotations

import csv
import io
from typing import Final

import orjson
from django.http import HttpResponse

COLUMNS: Final = (
    "opened_at",
    "open",
    "high",
    "low",
    "close",
    "volume",
    "vwap",
    "count",
    "source",
)


def csv_response(array: bytes, *, name: str) -> HttpResponse:
    """Turn a JSON array of bars into a file with a header line; null becomes empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    writer.writerows(orjson.loads(array))
    return HttpResponse(
        text.getvalue(),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )
