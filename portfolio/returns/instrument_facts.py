"""What happened to each instrument of a portfolio over a period, and what it was worth.

Days that are over are read as they are stored; the current one is derived here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from accounts.utc_days import utc_midnight
from portfolio.bookkeeping.amounts import ZERO
from portfolio.bookkeeping.bulk import fetch_rows
from portfolio.models import JournalEntry, Portfolio
from portfolio.position_days.changes import read_moved
from portfolio.position_days.instrument_days import InstrumentDay
from portfolio.queries import position_rows
from portfolio.returns.driving import realise
from portfolio.returns.facts import trades_until
from portfolio.returns.gains import Method
from portfolio.returns.periods import ONE_DAY
from portfolio.valuation import freshen
from portfolio.valuations.reading import changes_by_day, read_prices
from portfolio.valuations.valuing import NO_PRICE, NO_RATE

# Days on which something crossed, those before them, and both ends of the period.
STORED: Final = """
WITH moved AS MATERIALIZED (
    SELECT instrument_id, date FROM portfolio_positionvaluation
    WHERE portfolio_id = %(portfolio)s AND date BETWEEN %(start)s AND %(end)s
        AND (inflow, outflow, income, charges) IS DISTINCT FROM (0, 0, 0, 0)
), asked AS (
    SELECT instrument_id, date FROM moved UNION SELECT instrument_id, date - 1 FROM moved
    UNION SELECT instrument_id, day FROM portfolio_position
        CROSS JOIN unnest(ARRAY[%(start)s::date - 1, %(end)s::date]) AS ends (day)
        WHERE portfolio_id = %(portfolio)s
)
SELECT d.instrument_id, d.date, d.market_value, d.gap, d.inflow, d.outflow, d.income, d.charges,
    d.trade_charges
FROM portfolio_positionvaluation AS d JOIN asked USING (instrument_id, date)
WHERE d.portfolio_id = %(portfolio)s
"""
REALISED: Final = """
SELECT l.instrument_id, sum(c.proceeds - c.cost)
FROM portfolio_lotclosure AS c
JOIN portfolio_lot AS l ON l.id = c.lot_id
JOIN portfolio_journalentry AS e ON e.id = c.closing_entry_id AND e.kind = 'sell'
WHERE l.portfolio_id = %s AND c.closed_at > %s AND c.closed_at >= %s AND c.closed_at < %s
GROUP BY l.instrument_id
"""


@dataclass(slots=True)
class InstrumentFacts:
    """Of one instrument: what moved in the period, and values of the days that matter.

    Values are of days with flows, of those before them, and of both ends; a day that is not
    among them ended with nothing held.
    """

    moved: dict[date, InstrumentDay] = field(default_factory=dict)
    values: dict[date, Decimal | None] = field(default_factory=dict)
    gaps: dict[date, str] = field(default_factory=dict)

    def value_on(self, day: date) -> Decimal | None:
        return self.values.get(day, ZERO)

    def note(self, day: date, value: Decimal | None, gap: str) -> None:
        self.values[day] = value
        if value is None:
            self.gaps[day] = gap


Found = defaultdict[int, InstrumentFacts]


def read_instruments(
    portfolio: Portfolio, *, start: date, end: date, at: datetime
) -> Mapping[int, InstrumentFacts]:
    """Whatever was held at an end of the period, or moved in it; a fixed number of queries."""
    found: Found = defaultdict(InstrumentFacts)
    freshen(portfolio, through_date=min(end, at.date() - ONE_DAY))
    span = {"portfolio": portfolio.id, "start": start, "end": end}
    for key, day, value, gap, inflow, outflow, income, *charges in fetch_rows(STORED, span):
        found[key].note(day, value, gap)
        flow = InstrumentDay(
            inflow=inflow,
            outflow=outflow,
            income=income,
            charges=charges[0],
            trade_charges=charges[1],
        )
        if day >= start and flow != InstrumentDay():
            found[key].moved[day] = flow
    if end == at.date():
        add_today(found, portfolio, today=end)
    return found


def add_today(found: Found, portfolio: Portfolio, *, today: date) -> None:
    """The current day has no row: its worth is at the newest quotes."""
    for row in position_rows(portfolio):
        gap = NO_PRICE if row.price is None else NO_RATE
        found[row.instrument_id].note(today, row.market_value, gap)
    entries = JournalEntry.objects.filter(portfolio=portfolio, occurred_at__gte=utc_midnight(today))
    if not entries.exists():
        return
    changes = changes_by_day(portfolio)
    prices = read_prices(portfolio, changes, start=today, through=today)
    moved = read_moved(portfolio, changes, prices.worth, start=today, end=today)
    for instrument_id, days in moved.instruments.items():
        of_day = days.days.get(today, InstrumentDay())
        if of_day != InstrumentDay():
            found[instrument_id].moved[today] = of_day


def realised_gains(
    portfolio: Portfolio, method: Method | None, *, start: date, end: date
) -> Mapping[int, Decimal]:
    """What sales of a period realised, by instrument.

    Args:
        method: which lots sales use; the stored lots are of the portfolio's own.
    """
    gains: defaultdict[int, Decimal] = defaultdict(Decimal)
    if method is None or method == Method(portfolio.lot_method):
        span = [portfolio.counts_from, utc_midnight(start), utc_midnight(end + ONE_DAY)]
        gains.update(fetch_rows(REALISED, [portfolio.id, *span]))
        return gains
    realised, _ = realise(trades_until(portfolio, end), method, start=start, cost_dates=())
    for one in realised:
        gains[one.instrument_id] += one.gain
    return gains
