"""The rate at which an investor's own money grew. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from math import isfinite
from typing import Final

import pyxirr

from portfolio.bookkeeping.amounts import TEN_PLACES
from portfolio.returns.time_weighted import RATE_MAXIMUM

Flow = tuple[date, Decimal]


class NoRate(Exception):
    """No rate explains the flows; ``reason`` is a code for it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason: Final = reason


def xirr(flows: Iterable[Flow]) -> Decimal:
    """The yearly rate at which the flows are worth nothing together, actual days over 365.

    Args:
        flows: paid in < 0, taken out > 0, in any order; the closing value is the last of them.

    Raises:
        NoRate: ``no_flows``, ``one_sided`` (only paid in, or only taken out), ``no_rate`` (no
            rate above -100 % fits) or ``beyond_measure`` (days that make absurd years).
    """
    amounts: dict[date, Decimal] = {}
    for day, amount in flows:
        amounts[day] = amounts.get(day, Decimal(0)) + amount
    amounts = {day: amount for day, amount in amounts.items() if amount}
    if not amounts:
        raise NoRate("no_flows")
    if len({amount > 0 for amount in amounts.values()}) == 1:
        raise NoRate("one_sided")
    # The search is for a rate, not for money, so floats are fine here and here only.
    rate = pyxirr.xirr(list(amounts), [float(amount) for amount in amounts.values()])
    if rate is None or not isfinite(rate) or rate <= -1:
        raise NoRate("no_rate")
    if rate > RATE_MAXIMUM:
        raise NoRate("beyond_measure")
    return Decimal(repr(rate)).quantize(TEN_PLACES)
