"""Stored position-days against those derived anew by the plain walk, line by line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from itertools import groupby
from operator import itemgetter
from typing import Final

from accounts.copying import copy_out
from portfolio.models import Portfolio, PositionValuation
from portfolio.position_days.instrument_days import InstrumentDays
from portfolio.position_days.keeping import COLUMNS, walked_lines
from portfolio.valuations.reading import Prices

STORED: Final = f"""
COPY (
    SELECT {", ".join(COLUMNS)} FROM portfolio_positionvaluation
    WHERE portfolio_id = %s AND instrument_id = %s AND date <= %s ORDER BY date
) TO STDOUT
"""


def check_positions(
    portfolio: Portfolio,
    moved: Mapping[int, InstrumentDays],
    prices: Prices,
    add: Callable[[bytes], None],
    *,
    start: date,
    through: date,
) -> set[date]:
    """Days on which a position is stored otherwise than it is derived; the rest is no finding.

    Args:
        add: told the text of what is derived.
    """
    lines = walked_lines(portfolio, moved, prices, start=start, through=through)
    wrong: set[date] = set()
    seen = set()
    for instrument_id, of_instrument in groupby(lines, key=itemgetter(0)):
        derived = [line for _, line in of_instrument]
        add("\n".join(derived).encode())
        wrong |= days_of(set(derived) ^ set(stored_lines(portfolio, instrument_id, through)))
        seen.add(instrument_id)
    for instrument_id in stored_instruments(portfolio) - seen:
        wrong |= days_of(set(stored_lines(portfolio, instrument_id, through)))
    return wrong


def stored_instruments(portfolio: Portfolio) -> set[int]:
    found = PositionValuation.objects.filter(portfolio=portfolio)
    return set(found.order_by().values_list("instrument_id", flat=True).distinct())


def stored_lines(portfolio: Portfolio, instrument_id: int, through: date) -> Iterator[str]:
    """The rows of one position as COPY tells them."""
    yield from copy_out(STORED, [portfolio.id, instrument_id, through]).decode().splitlines()


def days_of(lines: set[str]) -> set[date]:
    return {date.fromisoformat(line.split("\t")[2]) for line in lines}
