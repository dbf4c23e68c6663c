"""Dividends as they went on where nobody tells of them any more. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

YEAR: Final = timedelta(days=364)  # whole weeks, so that working days stay such

Paid = tuple[date, Decimal]  # ex-date, amount per share


def continued(known: Sequence[Paid], *, through: date) -> list[Paid]:
    """Dividends, those of the last year again each year once none is known any more.

    Args:
        known: ascending by ex-date.
        through: the years that begin by then are complete, so the latest may lie beyond it.
    """
    if not known:
        return []
    latest = [one for one in known if one[0] > known[-1][0] - YEAR]
    years = (through - known[-1][0]) // YEAR + 1
    ahead = [(day + YEAR * year, amount) for year in range(1, years + 1) for day, amount in latest]
    return [*known, *ahead]
