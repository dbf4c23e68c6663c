"""Yahoo's numbers into our words. Pure.

Yahoo computes in single precision and writes the result in double: 150.03 comes as
150.02999877929688. Such a number is read as the shortest one that single precision keeps apart.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

import numpy as np

from market.corporate_actions.facts import ActionFacts
from market.currencies.currency_units import major_of, units_per_major
from market.intake.bar_providers import ProvidedBar
from market.models.corporate_actions import ActionKind

PLACES: Final = 8  # what a stored price keeps
LARGEST_RATIO: Final = 1_000  # of a split that is written as one number, as 0.1 or 1.5
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
    scale, currency = money_between(theirs, ours)
    for at, *numbers in rows:
        *prices, volume = (exact(float(number)) for number in numbers)
        if all(price.is_nan() for price in prices):
            continue  # nobody traded
        opened, high, low, close = (price * scale for price in prices)
        yield ProvidedBar(at.astimezone(UTC), opened, high, low, close, volume, currency)


def money_between(theirs: str, ours: str) -> tuple[Decimal, str]:
    """What makes their amounts ours, and the currency they then are in."""
    if major_of(theirs) != major_of(ours):
        return Decimal(1), theirs
    return units_per_major(ours) / units_per_major(theirs), ours


def rows_of(frame: Any) -> Iterator[tuple[datetime, float, float, float, float, float]]:
    """The rows of a pandas frame as yfinance makes it.

    Raises:
        KeyError: it lacks a column.
    """
    columns = [frame[name] for name in ("Open", "High", "Low", "Close", "Volume")]
    for at, *numbers in zip(frame.index, *columns, strict=True):
        yield (at.to_pydatetime(), *numbers)


def actions_of(
    rows: Iterable[tuple[date, float, float]], *, theirs: str, ours: str
) -> list[ActionFacts]:
    """Dividends and splits out of ex-date, amount and ratio, either of which may be 0.

    Yahoo brings amounts to shares of now; they are brought back to shares of their day.

    Raises:
        ValueError: a number is none.
    """
    found: list[ActionFacts] = []
    later = Fraction(1)  # shares of now for one of that day
    for ex_date, amount, ratio in sorted(rows, reverse=True):
        if amount:
            per_share = exact(amount) * later.numerator / later.denominator
            found.append(dividend_of(ex_date, per_share, theirs=theirs, ours=ours))
        if ratio:
            split = Fraction(ratio).limit_denominator(LARGEST_RATIO)
            later *= split
            found.append(
                ActionFacts(
                    kind=ActionKind.SPLIT,
                    ex_date=ex_date,
                    ratio_from=split.denominator,
                    ratio_to=split.numerator,
                )
            )
    return found[::-1]


def dividend_of(ex_date: date, amount: Decimal, *, theirs: str, ours: str) -> ActionFacts:
    """In the instrument's currency where only pence and pounds are between."""
    scale, currency = money_between(theirs, ours)
    return ActionFacts(
        kind=ActionKind.DIVIDEND,
        ex_date=ex_date,
        amount_per_share=round(amount * scale, PLACES).normalize() + 0,
        currency=currency,
    )


def action_rows_of(frame: Any) -> Iterator[tuple[date, float, float]]:
    """Ex-date, dividend and split ratio of each row of a pandas frame.

    Raises:
        KeyError: it lacks a column.
    """
    for at, *numbers in zip(frame.index, frame["Dividends"], frame["Stock Splits"], strict=True):
        amount, ratio = (float(number) for number in numbers)
        yield at.date(), amount, ratio
