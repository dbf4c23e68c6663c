"""What a portfolio's entries changed day by day, kept by this process until the books change.

Whatever is posted writes a balance, and whatever changes lots or moves writes a position, so the
versions of those few rows say whether something happened. A version names the transaction that
wrote the row, so that of one which was undone never comes again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Self
from uuid import UUID

from portfolio.bookkeeping.bulk import fetch_rows
from portfolio.models import Portfolio
from portfolio.position_days.vectors import Steps, unit_steps
from portfolio.valuations.reading import changes_by_day, currencies_of, held_by
from portfolio.valuations.valuing import DayChange

# Of all portfolios together; a day takes about 1 kB.
DAYS_KEPT: Final = 30_000

VERSIONS: Final = """
SELECT md5(string_agg(version, ' ' ORDER BY version)) FROM (
    SELECT 'balance ' || id || ' ' || xmin::text || ctid::text AS version
    FROM portfolio_ledgerbalance WHERE portfolio_id = %(portfolio)s
    UNION ALL
    SELECT 'position ' || instrument_id || ' ' || xmin::text || ctid::text
    FROM portfolio_position WHERE portfolio_id = %(portfolio)s
) AS written
"""

Version = tuple[str | None, datetime]


@dataclass(frozen=True, slots=True)
class Books:
    """``units`` are by instrument, of all that were ever held; see ``reading.changes_by_day``."""

    changes: Mapping[date, DayChange]
    units: Mapping[int, Steps]
    held: frozenset[int]
    currencies: frozenset[str]

    @classmethod
    def of(cls, changes: Mapping[date, DayChange]) -> Self:
        held, currencies = frozenset(held_by(changes)), frozenset(currencies_of(changes))
        return cls(changes, unit_steps(changes), held, currencies)


KEPT: Final[dict[UUID, tuple[Version, Books]]] = {}


def read_books(portfolio: Portfolio, *, is_anew: bool = False) -> Books:
    """One query where nothing was booked since they were read, five otherwise.

    ``is_anew`` reads them whatever is kept.
    """
    # Read before the books are: what is booked in between makes them be read again.
    version = version_of(portfolio)
    kept = KEPT.get(portfolio.id)
    if kept is not None and kept[0] == version and not is_anew:
        return kept[1]
    books = Books.of(dict(changes_by_day(portfolio)))
    KEPT.pop(portfolio.id, None)
    if len(books.changes) + sum(len(one.changes) for _, one in list(KEPT.values())) > DAYS_KEPT:
        KEPT.clear()
    KEPT[portfolio.id] = (version, books)
    return books


def version_of(portfolio: Portfolio) -> Version:
    ((versions,),) = fetch_rows(VERSIONS, {"portfolio": portfolio.id})
    return versions, portfolio.counts_from
