"""The instrument master from a CSV: ``symbol,name,exchange_mic,currency`` and what else it knows.

All or nothing: a file with a wrong line changes nothing and the error names the lines.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db import transaction

from market.errors import UnreadableFile
from market.instruments.exchanges import KNOWN_EXCHANGES
from market.models import Exchange, Instrument
from market.models.instruments import AssetClass

REQUIRED: Final = ("symbol", "name", "exchange_mic", "currency")
SYMBOL: Final = re.compile(r"[A-Z0-9.\-^=/]{1,24}")
CURRENCY: Final = re.compile(r"[A-Z]{3}")
ISIN: Final = re.compile(r"(?:[A-Z]{2}[A-Z0-9]{9}[0-9])?")
COUNTRY: Final = re.compile(r"(?:[A-Z]{2})?")
PROBLEMS_SHOWN: Final = 5
TEXT_LENGTHS: Final = {"name": 160, "sector": 80, "industry": 120}


@dataclass(frozen=True, slots=True)
class ImportedInstruments:
    """Rows of the file, and how many of them were new."""

    read: int
    created: int


@transaction.atomic
def import_instruments(path: Path) -> ImportedInstruments:
    """Create and update instruments and their exchanges; columns that are absent stay as they are.

    Raises:
        UnreadableFile: columns are missing, or lines are wrong; nothing was changed.
    """
    rows = read_instruments(path)
    _make_exchanges({row["exchange_id"] for row in rows})
    before = Instrument.objects.count()
    _refuse_other_currencies(rows)
    if rows:
        changeable = sorted(set(rows[0]) - {"symbol", "exchange_id"})
        Instrument.objects.bulk_create(
            [Instrument(**row) for row in rows],
            update_conflicts=True,
            unique_fields=["exchange", "symbol"],
            update_fields=changeable,
        )
    return ImportedInstruments(read=len(rows), created=Instrument.objects.count() - before)


def read_instruments(path: Path) -> list[dict[str, Any]]:
    """Read the file into field values of ``Instrument``.

    Raises:
        UnreadableFile: see ``import_instruments``.
    """
    if path.stat().st_size > settings.LIMITS.instrument_file_bytes:
        raise UnreadableFile(
            f"The file of instruments is bigger than {settings.LIMITS.instrument_file_bytes} bytes."
        )
    try:
        text = path.read_bytes().decode("utf-8-sig")
        reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        names = [name.strip().lower() for name in reader.fieldnames or ()]
        reader.fieldnames = names
        if missing := [name for name in REQUIRED if name not in names]:
            raise UnreadableFile(f"The file of instruments lacks the columns {', '.join(missing)}.")
        return _read_rows(reader)
    except (UnicodeDecodeError, csv.Error) as error:
        raise UnreadableFile(f"The file of instruments is not a CSV in UTF-8: {error}.") from error


def _read_rows(reader: csv.DictReader[str]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    problems: list[str] = []
    seen: dict[tuple[str, str], int] = {}
    for cells in reader:
        line = reader.line_num
        try:
            row = _read_row(cells)
        except ValueError as error:
            problems.append(f"line {line}: {error}")
            continue
        key = (row["exchange_id"], row["symbol"])
        if key in seen:
            problems.append(f"line {line}: {':'.join(key)} stands on line {seen[key]} already")
        seen[key] = line
        rows.append(row)
    if problems:
        more = len(problems) - PROBLEMS_SHOWN
        shown = "; ".join(problems[:PROBLEMS_SHOWN]) + (f"; and {more} more" if more > 0 else "")
        raise UnreadableFile(f"The file of instruments is wrong on {shown}.")
    return rows


def _read_row(cells: Mapping[str, Any]) -> dict[str, Any]:
    """Raises:
    ValueError: the row is not an instrument; the message says why.
    """
    if None in cells or None in cells.values():
        raise ValueError("the number of fields differs from the header's")
    row: dict[str, Any] = {}
    for column, read in READERS.items():
        if column in cells:
            field = "exchange_id" if column == "exchange_mic" else column
            row[field] = read(column, cells[column].strip())
    return row


def _matching(pattern: re.Pattern[str]) -> Callable[[str, str], str]:
    def read(column: str, text: str) -> str:
        if not pattern.fullmatch(text.upper()):
            raise ValueError(f"{column} was {text[:40]!r}")
        return text.upper()

    return read


def _read_text(column: str, text: str) -> str:
    if "\0" in text or len(text) > TEXT_LENGTHS[column]:
        raise ValueError(f"{column} must have at most {TEXT_LENGTHS[column]} characters")
    if column == "name" and not text:
        raise ValueError("name is empty")
    return text


def _read_mic(column: str, text: str) -> str:
    if text.upper() not in KNOWN_EXCHANGES:
        known = ", ".join(sorted(KNOWN_EXCHANGES))
        raise ValueError(f"{column} was {text[:40]!r}, must be one of {known}")
    return text.upper()


def _read_asset_class(column: str, text: str) -> str:
    if text.lower() not in AssetClass.values:
        raise ValueError(
            f"{column} was {text[:40]!r}, must be one of {', '.join(AssetClass.values)}"
        )
    return text.lower()


def _read_step(column: str, text: str) -> Decimal:
    places = 4 if column == "tick_size" else 6
    try:
        step = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{column} was {text[:40]!r}, must be a number") from None
    if not (step.is_finite() and 0 < step < 10**8 and step == round(step, places)):
        raise ValueError(f"{column} was {text[:40]}, must be > 0 with at most {places} places")
    return step


READERS: Final[dict[str, Callable[[str, str], Any]]] = {
    "symbol": _matching(SYMBOL),
    "name": _read_text,
    "exchange_mic": _read_mic,
    "currency": _matching(CURRENCY),
    "country": _matching(COUNTRY),
    "sector": _read_text,
    "industry": _read_text,
    "isin": _matching(ISIN),
    "asset_class": _read_asset_class,
    "tick_size": _read_step,
    "lot_size": _read_step,
}


def _make_exchanges(mics: set[str]) -> None:
    facts = [KNOWN_EXCHANGES[mic] for mic in sorted(mics)]
    Exchange.objects.bulk_create(
        [
            Exchange(
                mic=one.mic,
                name=one.name,
                timezone=one.timezone,
                calendar=one.calendar,
                country=one.country,
            )
            for one in facts
        ],
        ignore_conflicts=True,
    )


def _refuse_other_currencies(rows: list[dict[str, Any]]) -> None:
    """Prices and entries are in an instrument's currency, so it never changes."""
    present = {
        (exchange_id, symbol): currency
        for exchange_id, symbol, currency in Instrument.objects.filter(
            symbol__in=[row["symbol"] for row in rows]
        ).values_list("exchange_id", "symbol", "currency")
    }
    for row in rows:
        currency = present.get((row["exchange_id"], row["symbol"]), row["currency"])
        if currency != row["currency"]:
            raise UnreadableFile(
                f"{row['symbol']} trades in {currency}; the file says {row['currency']}."
            )
