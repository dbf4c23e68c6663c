"""The instrument master from a CSV: ``symbol,name,exchange_mic,currency`` and what else it knows.

All or nothing: a file with a wrong line changes nothing and the error names the lines.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final, Literal

from django.conf import settings
from django.db import transaction

from accounts import audit
from accounts.errors import HoldfastError, Problem, ProblemsError
from market.currencies.currency_units import CURRENCY_CODE
from market.errors import UnreadableFile
from market.instruments.exchange_rows import make_exchanges
from market.instruments.exchanges import KNOWN_EXCHANGES
from market.instruments.provider_symbols import tidy
from market.models import Instrument
from market.models.instruments import AssetClass
from market.values import plain

REQUIRED: Final = ("symbol", "name", "exchange_mic", "currency")
# It stands in addresses of pages, so no slash, and nothing that reads like a folder.
SYMBOL: Final = re.compile(r"[A-Z0-9^][A-Z0-9.\-^=]{0,23}")
SYMBOL_WORDS: Final = (
    "A symbol has up to 24 letters, digits and . - ^ =, and begins with none of . - ="
)
ISIN: Final = re.compile(r"(?:[A-Z]{2}[A-Z0-9]{9}[0-9])?")
COUNTRY: Final = re.compile(r"(?:[A-Z]{2})?")
PROBLEMS_SHOWN: Final = 5
PROBLEMS_NAMED: Final = 500
SYMBOL_SHOWN: Final = 40
# Prices, orders and entries of an instrument are in these, so they stay once it is listed.
FIXED: Final = ("currency", "asset_class", "tick_size", "lot_size")
TEXT_LENGTHS: Final = {"name": 160, "sector": 80, "industry": 120}


Outcome = Literal["created", "changed", "unchanged", "refused"]


@dataclass(frozen=True, slots=True)
class RowOutcome:
    """What became of one line; ``message`` says why it was refused."""

    line: int
    symbol: str
    outcome: Outcome
    message: str = ""


@dataclass(frozen=True, slots=True)
class ImportedInstruments:
    """Rows of the file, and how many of them were new."""

    read: int
    created: int
    outcomes: tuple[RowOutcome, ...]


class WrongLines(UnreadableFile, ProblemsError):
    """Lines of the file are wrong; ``refused`` names each. Nothing was changed."""

    def __init__(self, refused: Sequence[RowOutcome]) -> None:
        more = len(refused) - PROBLEMS_SHOWN
        shown = "; ".join(f"line {one.line}: {one.message}" for one in refused[:PROBLEMS_SHOWN])
        shown += f"; and {more} more" if more > 0 else ""
        HoldfastError.__init__(self, f"The file of instruments is wrong on {shown}.")
        self.refused = tuple(refused)
        self.problems = tuple(
            Problem(f"line {one.line}", "refused", one.message) for one in refused[:PROBLEMS_NAMED]
        )


@transaction.atomic
def import_instruments(path: Path, *, imported_at: datetime) -> ImportedInstruments:
    """Create and update instruments and their exchanges; columns that are absent stay as they are.

    Raises:
        UnreadableFile: columns are missing, or lines are wrong (``WrongLines``); nothing was
            changed.
    """
    lines = read_lines(path)
    rows = list(lines.values())
    make_exchanges(row["exchange_id"] for row in rows)
    known = _known_instruments(rows)
    _refuse_what_cannot_change(lines, known)
    if rows:
        changeable = sorted(set(rows[0]) - {"symbol", "exchange_id", *FIXED})
        Instrument.objects.bulk_create(
            [Instrument(**row) for row in rows],
            update_conflicts=True,
            unique_fields=["exchange", "symbol"],
            update_fields=changeable,
        )
    outcomes = tuple(
        RowOutcome(line, row["symbol"], _outcome_of(row, known)) for line, row in lines.items()
    )
    counts: Counter[str] = Counter(outcome.outcome for outcome in outcomes)
    if counts["created"] or counts["changed"]:
        audit.record(
            action="instrument.imported",
            owner_id=None,
            target="instrument",
            target_id="",
            after={"rows": len(rows), **counts},
            occurred_at=imported_at,
        )
    return ImportedInstruments(read=len(rows), created=counts["created"], outcomes=outcomes)


def _known_instruments(rows: list[dict[str, Any]]) -> dict[tuple[str, str], Instrument]:
    found = Instrument.objects.filter(symbol__in=[row["symbol"] for row in rows])
    return {(one.exchange_id, one.symbol): one for one in found}


def _outcome_of(row: dict[str, Any], known: Mapping[tuple[str, str], Instrument]) -> Outcome:
    former = known.get((row["exchange_id"], row["symbol"]))
    if former is None:
        return "created"
    is_same = all(getattr(former, name) == value for name, value in row.items())
    return "unchanged" if is_same else "changed"


def read_instruments(path: Path) -> list[dict[str, Any]]:
    """Read the file into field values of ``Instrument``; raises as ``read_lines``."""
    return list(read_lines(path).values())


def read_lines(path: Path) -> dict[int, dict[str, Any]]:
    """Read the file into field values of ``Instrument``, by the line of the file.

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


def _read_rows(reader: csv.DictReader[str]) -> dict[int, dict[str, Any]]:
    rows: dict[int, dict[str, Any]] = {}
    refused: list[RowOutcome] = []
    seen: dict[tuple[str, str], int] = {}
    for cells in reader:
        line = reader.line_num
        symbol = str(cells.get("symbol") or "").strip()[:SYMBOL_SHOWN]
        try:
            row = _read_row(cells)
        except ValueError as error:
            refused.append(RowOutcome(line, symbol, "refused", str(error)))
            continue
        key = (row["exchange_id"], row["symbol"])
        if key in seen:
            message = f"{':'.join(key)} stands on line {seen[key]} already"
            refused.append(RowOutcome(line, symbol, "refused", message))
        seen[key] = line
        rows[line] = row
    if refused:
        raise WrongLines(refused)
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


def _read_symbol(column: str, text: str) -> str:
    if not SYMBOL.fullmatch(text.upper()):
        raise ValueError(f"{column} was {text[:40]!r}. {SYMBOL_WORDS}")
    return text.upper()


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


def _read_provider_symbols(column: str, text: str) -> str:
    return tidy(text)


READERS: Final[dict[str, Callable[[str, str], Any]]] = {
    "symbol": _read_symbol,
    "name": _read_text,
    "exchange_mic": _read_mic,
    "currency": _matching(CURRENCY_CODE),
    "country": _matching(COUNTRY),
    "sector": _read_text,
    "industry": _read_text,
    "isin": _matching(ISIN),
    "asset_class": _read_asset_class,
    "tick_size": _read_step,
    "lot_size": _read_step,
    "provider_symbols": _read_provider_symbols,
}


def _refuse_what_cannot_change(
    lines: Mapping[int, dict[str, Any]], known: Mapping[tuple[str, str], Instrument]
) -> None:
    refused = []
    for line, row in lines.items():
        former = known.get((row["exchange_id"], row["symbol"]))
        if former is not None and (words := _words_of_fixed(former, row)):
            refused.append(RowOutcome(line, row["symbol"], "refused", words))
    if refused:
        raise WrongLines(refused)


def _words_of_fixed(former: Instrument, row: Mapping[str, Any]) -> str:
    """What the row would change and may not; empty where there is nothing."""
    if former.currency != row["currency"]:
        return f"{row['symbol']} trades in {former.currency}; the file says {row['currency']}"
    for name in FIXED:
        if name in row and getattr(former, name) != row[name]:
            kept, told = (
                plain(it) if isinstance(it, Decimal) else it
                for it in (getattr(former, name), row[name])
            )
            return f"{name} of {row['symbol']} is {kept} and cannot change; the file says {told}"
    return ""
