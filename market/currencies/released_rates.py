"""What a quarantined cell or line of exchange rates says, as typed or corrected. Pure.

A cell is ``{"date", "currency", "per_euro"}``; a line that has no date of its own is ``{"date"}``
with the text of each currency.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

from market.currencies.currency_units import CURRENCY_CODE
from market.currencies.rate_sheets import ABSENT, FIRST_DATE, RATE, PublishedRate
from market.intake.released_values import Reader

CELL_FIELDS: Final = ("date", "currency", "per_euro")


def is_cell(raw: Mapping[str, Any]) -> bool:
    """Whether it is one rate, which is judged by itself, and no whole line."""
    return "per_euro" in raw


def rate_fields(raw: Mapping[str, Any]) -> tuple[str, ...]:
    """What may be corrected when it is released."""
    return CELL_FIELDS if is_cell(raw) else tuple(raw)


def read_rates(
    raw: Mapping[str, Any], corrections: Mapping[str, str], *, today: date
) -> list[PublishedRate]:
    """Raises:
    UnsoundValues: a value is missing or cannot be true.
    """
    reader = Reader(raw, corrections)
    on_date = reader.required("date", date.fromisoformat)
    if on_date is not None and not FIRST_DATE <= on_date <= today:
        reader.add("date", "bad_date", f"date was {on_date}, must be from {FIRST_DATE} to {today}.")
    rates: list[PublishedRate] = []
    for currency, field in _places(reader, raw):
        text = reader.text(field)
        if RATE.fullmatch(text) and Decimal(text) > 0:
            rates.append(PublishedRate(currency, on_date or today, Decimal(text)))
        else:
            reader.add(field, "bad_rate", f"{field} was {text[:40]!r}, must be a number > 0.")
    reader.finish()
    return rates


def _places(reader: Reader, raw: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Each currency that is given, and the field that gives it."""
    if not is_cell(raw):
        return [(name, name) for name in raw if name != "date" and reader.text(name) not in ABSENT]
    currency = reader.text("currency").upper()
    if not CURRENCY_CODE.fullmatch(currency):
        reader.add("currency", "bad_currency", "A currency has three letters, like USD.")
    return [(currency, "per_euro")]
