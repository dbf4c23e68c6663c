"""Cells of a takeout's rows, read with care: anybody may have written the zip. Pure."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from unicodedata import category

from portfolio.takeout.members import Facts

NUMBER: Final = re.compile(r"-?[0-9]{1,20}(?:\.[0-9]{1,10})?")


class Unusable(ValueError):
    """A row of the takeout makes no sense; the words say what."""


def text_of(row: Facts, name: str) -> str:
    """A text that can be kept, empty where there is none; anything else is none of ours."""
    value: Any = row.get(name)
    if not isinstance(value, str) or any(category(one) in {"Cc", "Cs"} for one in value):
        return ""
    return value


def count_of(row: Facts, name: str) -> int | None:
    value: Any = row.get(name)
    is_count = isinstance(value, int) and not isinstance(value, bool)
    return value if is_count and abs(value) < 1 << 31 else None


def number_of(row: Facts, name: str) -> Decimal | None:
    text = text_of(row, name)
    return parsed(text) if text else None


def parsed(text: str) -> Decimal:
    """Raises:
    Unusable: it is no number.
    """
    if not NUMBER.fullmatch(text):
        raise Unusable(f"{text[:40]!r} is no number")
    return Decimal(text)


def moment_of(row: Facts, name: str) -> datetime | None:
    """A time with its offset; None where it says none."""
    try:
        found = datetime.fromisoformat(text_of(row, name))
    except ValueError:
        return None
    return found if found.tzinfo is not None else None
