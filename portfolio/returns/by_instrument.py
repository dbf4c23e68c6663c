"""What each instrument of a portfolio did over a period, and how that adds up to the whole."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from market.models import Instrument
from portfolio.bookkeeping.amounts import ZERO
from portfolio.bookkeeping.bulk import fetch_rows
from portfolio.models import Portfolio, UnitMove
from portfolio.returns.driving import realise
from portfolio.returns.facts import trades_until
from portfolio.returns.gains import Method
from portfolio.returns.instrument_prices import InstrumentPrices
from portfolio.returns.money_weighted import Flow, NoRate, xirr
from portfolio.returns.periods import ONE_DAY, find_period
from portfolio.returns.time_weighted import DayPoint, chain
from portfolio.trades import Trade
from portfolio.valuations.instrument_days import (
    InstrumentDay,
    InstrumentDays,
    note_spin_offs,
    note_trades,
)
from portfolio.valuations.reading import UNITS_BY_DAY
from portfolio.valuations.valuing import NO_PRICE

NOTHING: Final = InstrumentDay()
INCOME: Final = """
SELECT (e.occurred_at AT TIME ZONE 'UTC')::date, e.instrument_id, a.kind = 'income',
    sum(round(p.amount * e.base_rate, 10))
FROM portfolio_journalentry AS e
JOIN portfolio_posting AS p ON p.entry_id = e.id
JOIN portfolio_ledgeraccount AS a ON a.id = p.ledger_account_id
WHERE e.portfolio_id = %s AND e.instrument_id IS NOT NULL AND a.currency <> ''
    AND a.kind IN ('income', 'fees', 'taxes') AND e.kind IN ('dividend', 'interest')
    AND e.occurred_at > %s
    AND NOT EXISTS (
        SELECT 1 FROM portfolio_journalentry AS reversal WHERE reversal.reverses_id = e.id)
GROUP BY 1, 2, 3
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstrumentReturn:
    """One instrument over a period; money in the portfolio's currency, returns as fractions.

    ``gain = end value - start value - inflow + outflow + income - charges``. A figure that is
    None has the code of its reason in ``reasons``.
    """

    instrument: Instrument
    start_value: Decimal | None
    end_value: Decimal | None
    inflow: Decimal | None  # bought and arrived, charges of trades counted in
    outflow: Decimal | None  # sold and left, less charges of trades
    income: Decimal  # gross
    charges: Decimal  # withheld from income
    realised_gain: Decimal  # against acquisition cost
    twr: Decimal | None
    xirr: Decimal | None
    reasons: Mapping[str, str] = field(default_factory=dict)

    @property
    def gain(self) -> Decimal | None:
        known = (self.start_value, self.end_value, self.inflow, self.outflow)
        start, end, inflow, outflow = known
        if start is None or end is None or inflow is None or outflow is None:
            return None
        return end - start - inflow + outflow + self.income - self.charges

    @property
    def simple_return(self) -> Decimal | None:
        if self.gain is None or self.start_value is None or self.inflow is None:
            return None
        base = self.start_value + self.inflow
        return self.gain / base if base > 0 else None


@dataclass(frozen=True, slots=True)
class InstrumentReturns:
    """``items`` are of what was held or traded in the period, the largest gain first."""

    start: date
    end: date
    items: Sequence[InstrumentReturn]


def measure_instruments(
    portfolio: Portfolio,
    *,
    start: date | None = None,
    end: date | None = None,
    method: Method | None = None,
    at: datetime,
) -> InstrumentReturns:
    """Measure whole days, both ends included, as ``performance.measure`` does for the whole.

    Raises:
        PeriodRefused: the period ends in the future, or before it starts.
    """
    start, end = find_period(portfolio, start=start, end=end, today=at.date())
    trades = trades_until(portfolio, end)
    prices = InstrumentPrices(portfolio, list(trades), start=start, end=end, at=at)
    found = days_of(portfolio, trades, prices, end=end)
    realised, _ = realise(
        trades, method or Method(portfolio.lot_method), start=start, cost_dates=()
    )
    gains: defaultdict[int, Decimal] = defaultdict(Decimal)
    for one in realised:
        gains[one.instrument_id] += one.gain
    instruments = Instrument.objects.in_bulk(list(found))
    items = [
        measured(instruments[key], days, prices, (start, end), realised_gain=gains[key])
        for key, days in found.items()
        if days.held_by(start - ONE_DAY) or days.has_moved(start, end)
    ]
    items.sort(key=lambda one: (one.gain is None, -(one.gain or ZERO), one.instrument.symbol))
    return InstrumentReturns(start, end, items)


def days_of(
    portfolio: Portfolio,
    trades: Mapping[int, Sequence[Trade]],
    prices: InstrumentPrices,
    *,
    end: date,
) -> dict[int, InstrumentDays]:
    """Everything that moved units or brought income, by instrument; three queries."""
    begin = portfolio.counts_from
    found: defaultdict[int, InstrumentDays] = defaultdict(InstrumentDays)
    for instrument_id in trades:
        found[instrument_id] = InstrumentDays()
    # A reset left nothing of what was there before it; its day begins with nothing held.
    for day, instrument_id, quantity in fetch_rows(UNITS_BY_DAY, [portfolio.id]):
        if day <= end and instrument_id in trades:
            found[instrument_id].on(max(day, begin.date())).units += quantity
    note_trades(found, trades)
    note_spin_offs(found, trades, prices.worth)
    note_moves(found, portfolio, prices, end=end)
    for day, instrument_id, is_income, amount in fetch_rows(INCOME, [portfolio.id, begin]):
        if day <= end:
            of_day = found[instrument_id].on(day)
            of_day.income -= amount if is_income else ZERO
            of_day.charges += ZERO if is_income else amount
    return found


def note_moves(
    found: Mapping[int, InstrumentDays],
    portfolio: Portfolio,
    prices: InstrumentPrices,
    *,
    end: date,
) -> None:
    """Units that came or left without being bought or sold, at what they were worth."""
    moves = UnitMove.objects.filter(portfolio=portfolio, occurred_at__gt=portfolio.counts_from)
    for move in moves.order_by("occurred_at", "entry_id"):
        day = move.occurred_at.date()
        if day <= end and move.instrument_id in found:
            value = move.value
            if value is None:
                value = prices.worth(move.instrument_id, move.quantity, day)
            found[move.instrument_id].on(day).add(value)


def measured(
    instrument: Instrument,
    days: InstrumentDays,
    prices: InstrumentPrices,
    span: tuple[date, date],
    *,
    realised_gain: Decimal,
) -> InstrumentReturn:
    """The figures of one instrument.

    Days without flows between two others link to the product of their returns, so only those
    around flows are asked for a price.
    """
    start, end = span
    before = start - ONE_DAY
    within = {day: one for day, one in days.days.items() if start <= day <= end}
    asked = sorted({before, end, *within, *(day - ONE_DAY for day in within)})
    market, values = prices.of(instrument.id), {}
    held = days.held_by(before)
    for day in asked:
        held += within[day].units if day in within else ZERO
        values[day] = prices.value(market, instrument.id, held, day)
    points = [point_of(day, values[day], within) for day in asked if day >= start]
    inflows = [one.inflow for one in within.values()]
    outflows = [one.outflow for one in within.values()]
    reasons: dict[str, str] = {}
    for name, day in (("start_value", before), ("end_value", end)):
        if values[day] is None:
            reasons[name] = prices.gap(instrument.id, day)
    returns = chain(points, start_value=values[before])
    if returns.total is None:
        reasons["twr"] = next(iter(reasons.values()), NO_PRICE)
    rate = rate_of(points, values[before], reasons, span)
    found = InstrumentReturn(
        instrument=instrument,
        start_value=values[before],
        end_value=values[end],
        inflow=None if None in inflows else sum((one for one in inflows if one), ZERO),
        outflow=None if None in outflows else sum((one for one in outflows if one), ZERO),
        income=sum((one.income for one in within.values()), ZERO),
        charges=sum((one.charges for one in within.values()), ZERO),
        realised_gain=realised_gain,
        twr=returns.total,
        xirr=rate,
        reasons=reasons,
    )
    explain_missing(found, reasons)
    return found


def point_of(day: date, value: Decimal | None, within: Mapping[date, InstrumentDay]) -> DayPoint:
    one = within.get(day, NOTHING)
    outflow = None if one.outflow is None else one.outflow + one.income - one.charges
    return DayPoint(day, value, one.inflow, outflow)


def rate_of(
    points: Sequence[DayPoint],
    start_value: Decimal | None,
    reasons: dict[str, str],
    span: tuple[date, date],
) -> Decimal | None:
    """The money-weighted rate, as ``rates_of_return.find_rate`` has it for the whole."""
    end_value = points[-1].value
    if start_value is None or end_value is None:
        reasons["xirr"] = reasons.get("start_value") or reasons["end_value"]
        return None
    flows: list[Flow] = [(span[0] - ONE_DAY, -start_value), (span[1], end_value)]
    for point in points:
        if point.inflow is None or point.outflow is None:
            reasons["xirr"] = NO_PRICE
            return None
        flows.append((point.date, point.outflow - point.inflow))
    try:
        return xirr(flows)
    except NoRate as error:
        reasons["xirr"] = error.reason
        return None


def explain_missing(found: InstrumentReturn, reasons: dict[str, str]) -> None:
    if found.inflow is None:
        reasons |= dict.fromkeys(("inflow", "outflow"), NO_PRICE)
    if found.gain is None:
        reasons["gain"] = reasons["simple_return"] = next(iter(reasons.values()), NO_PRICE)
    elif found.simple_return is None:
        reasons["simple_return"] = "no_capital"
