"""Stored valuations against those derived anew from the books and the prices."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from portfolio.bookkeeping.bulk import fetch_rows
from portfolio.errors import PortfolioNotFound
from portfolio.models import DailyValuation, Portfolio
from portfolio.position_days.changes import read_moved
from portfolio.position_days.checks import check_positions
from portfolio.valuation import COLUMNS, find_start, stored_day
from portfolio.valuations.reading import changes_by_day, days_at, read_prices

Row = tuple[Any, ...]  # in the order of ``COLUMNS``

# Days on which the positions do not add up to the portfolio.
UNEQUAL: Final = """
SELECT v.date FROM portfolio_dailyvaluation AS v
LEFT JOIN (
    SELECT date, sum(cost) AS cost, sum(market_value) AS market_value,
        bool_or(market_value IS NULL) AS is_unknown, sum(currency_effect) AS effect,
        bool_or(currency_effect IS NULL) AS is_effect_unknown
    FROM portfolio_positionvaluation WHERE portfolio_id = %s GROUP BY date
) AS p USING (date)
WHERE v.portfolio_id = %s AND v.date <= %s AND (
    v.cost <> coalesce(p.cost, 0) OR v.market_value IS DISTINCT FROM
        CASE WHEN p.is_unknown THEN NULL ELSE coalesce(p.market_value, 0) END
    OR v.currency_effect IS DISTINCT FROM
        CASE WHEN p.is_effect_unknown THEN NULL ELSE coalesce(p.effect, 0) END)
"""


@dataclass(frozen=True, slots=True)
class ValuationCheck:
    """``wrong`` are days on which what is stored is not what is derived, or that one lacks.

    So are days on which the positions do not add up to the portfolio. ``checksum`` is of all
    derived days: the same books and prices give the same everywhere.
    """

    portfolio_id: UUID
    days: int
    wrong: Sequence[date]
    checksum: str


@transaction.atomic
def check_valuations(portfolio_id: UUID) -> ValuationCheck:
    """Derive every stored day anew and compare; days that are known to be stale are left out.

    Raises:
        PortfolioNotFound: there is no such portfolio.
    """
    # Held, so that nothing recorded for a past day changes what is compared meanwhile.
    portfolio = Portfolio.objects.select_for_update(no_key=True).filter(id=portfolio_id).first()
    if portfolio is None:
        raise PortfolioNotFound(f"There is no portfolio {portfolio_id}.")
    days = DailyValuation.objects.filter(portfolio=portfolio)
    if portfolio.valuations_stale_from is not None:
        days = days.filter(date__lt=portfolio.valuations_stale_from)
    stored = {row[1]: row for row in days.order_by("date").values_list(*COLUMNS)}
    start = find_start(portfolio, is_full=True)
    derived: dict[date, Row] = {}
    digest = hashlib.sha256()
    wrong: set[date] = set()
    if stored and start is not None:
        last, changes = max(stored), changes_by_day(portfolio)
        prices = read_prices(portfolio, changes, start=start, through=last)
        moved = read_moved(portfolio, changes, prices.worth, start=start, end=last, one_by_one=True)
        valued = days_at(prices, changes, moved, start=start, through=last)
        derived = {day.date: stored_day(portfolio, day) for day in valued}
        add_rows(digest.update, derived.values())
        wrong |= check_positions(
            portfolio, moved.instruments, prices, digest.update, start=start, through=last
        )
        unequal = fetch_rows(UNEQUAL, [portfolio.id, portfolio.id, last])
        wrong |= {row[0] for row in unequal}
    wrong |= {day for day in {*stored, *derived} if stored.get(day) != derived.get(day)}
    return ValuationCheck(portfolio_id, len(stored), sorted(wrong), digest.hexdigest())


def add_rows(add: Callable[[bytes], None], rows: Iterable[Row]) -> None:
    """Rows as text, numbers in the ten places in which they are stored."""
    for row in rows:
        add(("|".join(map(text_of, row)) + "\n").encode())


def text_of(value: object) -> str:
    return f"{value:.10f}" if isinstance(value, Decimal) else str(value)
