"""Yahoo's numbers into our words. Pure.

Yahoo computes in single precision and writes the result in double: 150.03 comes as
150.02999877929688. Such a number is read as the shortest one that single precision keeps apart.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

import numpy as np

from market.currencies.currency_units import major_of, units_per_major
from market.intake.bar_providers import ProvidedBar

PLACES: Final = 8  # what a stored price keeps
LARGEST_SINGLE: Final = float(np.finfo(np.float32).max)


def exact(number: float) -> Decimal:
    """The decimal that was meant; NaN and infinity stay what they are."""
    if not math.isfinite(number):
        return Decimal(str(number))
    single = np.float32(number) if abs(number) <= LARGEST_SINGLE else None
    is_single = single is not None and float(single) == number
    return round(Decimal(str(single) if is_single else repr(number)), PLACES)


def bars_of(
    rows: Iterable[tuple[datetime, float, float, float, float, float]],
    *,
    theirs: str,
    ours: str,
) -> Iterator[ProvidedBar]:
    """Minutes with any price out of time, open, high, low, close and volume.

    Args:
        theirs: the currency the prices are in.
        ours: the instrument's. Pence become pounds where only that is between them.
    """
    is_same_money = major_of(theirs) == major_of(ours)
    scale = units_per_major(ours) / units_per_major(theirs) if is_same_money else Decimal(1)
    currency = ours if is_same_money else theirs
    for at, *numbers in rows:
        *prices, volume = (exact(float(number)) for number in numbers)
        if all(price.is_nan() for price in prices):
            continue  # nobody traded
        opened, high, low, close = (price * scale for price in prices)
        yield ProvidedBar(at.astimezone(UTC), opened, high, low, close, volume, currency)


def rows_of(frame: Any) -> Iterator[tuple[datetime, float, float, float, float, float]]:
    """The rows of a pandas frame as yfinance makes it.

    Raises:
        KeyError: it lacks a column.
    """
    columns = [frame[name] for name in ("Open", "High", "Low", "Close", "Volume")]
    for at, *numbers in zip(frame.index, *columns, strict=True):
        yield (at.to_pydatetime(), *numbers)
