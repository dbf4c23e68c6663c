"""Stored valuations against those derived anew from the books and the prices."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction

from portfolio.errors import PortfolioNotFound
from portfolio.models import DailyValuation, Portfolio
from portfolio.valuation import (
    COLUMNS,
    changes_by_day,
    find_start,
    stored_day,
    value_portfolio,
)

Row = tuple[Any, ...]  # in the order of ``COLUMNS``


@dataclass(frozen=True, slots=True)
class ValuationCheck:
    """``wrong`` are days on which both disagree, or that only one of them has.

    ``checksum`` is of the derived days: the same books and prices give the same everywhere.
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
    if stored and start is not None:
        changes = changes_by_day(portfolio)
        valued = value_portfolio(portfolio, changes, start=start, through=max(stored))
        derived = {day.date: stored_day(portfolio, day) for day in valued}
    wrong = [day for day in sorted({*stored, *derived}) if stored.get(day) != derived.get(day)]
    return ValuationCheck(portfolio_id, len(stored), wrong, checksum_of(derived.values()))


def checksum_of(rows: Iterable[Row]) -> str:
    """SHA-256 of the rows as text, numbers in the ten places in which they are stored."""
    digest = hashlib.sha256()
    for row in rows:
        digest.update(("|".join(map(text_of, row)) + "\n").encode())
    return digest.hexdigest()


def text_of(value: object) -> str:
    return f"{value:.10f}" if isinstance(value, Decimal) else str(value)
