"""The European Central Bank's table of reference rates as text. Pure.

One row per date, newest first, one column per currency: units of it for one euro, ``N/A`` where
none was published.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple

from market.currencies.currency_units import CURRENCY_CODE
from market.errors import UnreadableFile

ABSENT: Final = frozenset({"", "N/A"})
# What a stored rate can hold: twelve digits before the point, eight behind it.
RATE: Final = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,8})?")
FIRST_DATE: Final = date(1999, 1, 1)  # of the euro


class PublishedRate(NamedTuple):
    """Units of a currency for one euro on a date."""

    currency: str
    on_date: date
    per_euro: Decimal  # > 0


@dataclass(frozen=True, slots=True)
class RefusedRate:
    """A cell or line that cannot be read, and why."""

    line: int  # 1 is the header
    code: str
    message: str
    # As it stands in quarantine: see ``released_rates``.
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RateSheet:
    rates: tuple[PublishedRate, ...]
    refused: tuple[RefusedRate, ...]


def read_sheet(text: str) -> RateSheet:
    """Read a table of rates.

    Raises:
        UnreadableFile: it is no such table.
    """
    lines = csv.reader(io.StringIO(text, newline=""))
    header = [cell.strip() for cell in next(lines, [])]
    while header and not header[-1]:
        header.pop()  # each line ends with a comma
    currencies = header[1:]
    is_table = (
        bool(currencies) and header[0] == "Date" and all(map(CURRENCY_CODE.fullmatch, currencies))
    )
    if not is_table or len(set(currencies)) < len(currencies):
        raise UnreadableFile("The first line is not Date and currencies.")
    rates: list[PublishedRate] = []
    refused: list[RefusedRate] = []
    seen: set[date] = set()
    for number, cells in enumerate(lines, start=2):
        try:
            on_date = _read_date(cells, columns=len(header), seen=seen)
        except ValueError as error:
            cells_of = dict(zip(("date", *currencies), cells, strict=False))
            refused.append(RefusedRate(number, "bad_line", str(error), cells_of))
            continue
        for currency, cell in zip(currencies, cells[1:], strict=False):
            if (word := cell.strip()) in ABSENT:
                continue
            if not RATE.fullmatch(word) or (rate := Decimal(word)) == 0:
                message = f"{currency} was {word[:40]!r}, must be a number > 0"
                one = {"date": str(on_date), "currency": currency, "per_euro": word}
                refused.append(RefusedRate(number, f"bad_rate_{currency}", message, one))
                continue
            rates.append(PublishedRate(currency, on_date, rate))
    return RateSheet(tuple(rates), tuple(refused))


def _read_date(cells: list[str], *, columns: int, seen: set[date]) -> date:
    """Raises:
    ValueError: the line has no date of its own; the message says why.
    """
    if len(cells) < columns:
        raise ValueError(f"the line has {len(cells)} cells, must have {columns}")
    on_date = date.fromisoformat(cells[0].strip())
    if on_date < FIRST_DATE:
        raise ValueError(f"date was {on_date}, must not be before {FIRST_DATE}")
    if on_date in seen:
        raise ValueError(f"{on_date} stands there twice")
    seen.add(on_date)
    return on_date
