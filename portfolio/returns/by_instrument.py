"""What each instrument of a portfolio did over a period, and how that adds up to the whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from market.models import Instrument
from portfolio.bookkeeping.amounts import ZERO
from portfolio.models import Portfolio
from portfolio.position_days.instrument_days import InstrumentDay
from portfolio.returns.gains import Method
from portfolio.returns.instrument_facts import InstrumentFacts, read_instruments, realised_gains
from portfolio.returns.money_weighted import Flow, NoRate, xirr
from portfolio.returns.periods import ONE_DAY, find_period
from portfolio.returns.time_weighted import DayPoint, chain
from portfolio.valuations.valuing import NO_PRICE

NOTHING: Final = InstrumentDay()


@dataclass(frozen=True, slots=True, kw_only=True)
class InstrumentReturn:
    """One instrument over a period; money in the portfolio's currency, returns as fractions.

    ``gain = end value - start value - inflow + outflow + income - charges``. Gross figures are as
    if nobody had charged for anything: charges and those of trades count as taken out at the end
    of their day. A figure that is None has the code of its reason in ``reasons``.
    """

    instrument: Instrument
    start_value: Decimal | None
    end_value: Decimal | None
    inflow: Decimal | None  # bought and arrived, charges of trades counted in
    outflow: Decimal | None  # sold and left, less charges of trades
    income: Decimal  # gross
    charges: Decimal  # withheld from income
    trade_charges: Decimal  # within inflow and outflow
    realised_gain: Decimal  # against acquisition cost
    twr: Decimal | None
    xirr: Decimal | None
    gross_twr: Decimal | None
    gross_xirr: Decimal | None
    reasons: Mapping[str, str] = field(default_factory=dict)

    @property
    def gain(self) -> Decimal | None:
        known = (self.start_value, self.end_value, self.inflow, self.outflow)
        start, end, inflow, outflow = known
        if start is None or end is None or inflow is None or outflow is None:
            return None
        return end - start - inflow + outflow + self.income - self.charges

    @property
    def gross_gain(self) -> Decimal | None:
        return None if self.gain is None else self.gain + self.charges + self.trade_charges

    @property
    def simple_return(self) -> Decimal | None:
        return self._on_what_was_there(self.gain)

    @property
    def gross_simple_return(self) -> Decimal | None:
        return self._on_what_was_there(self.gross_gain)

    def _on_what_was_there(self, gain: Decimal | None) -> Decimal | None:
        if gain is None or self.start_value is None or self.inflow is None:
            return None
        base = self.start_value + self.inflow
        return gain / base if base > 0 else None


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
    found = read_instruments(portfolio, start=start, end=end, at=at)
    gains = realised_gains(portfolio, method, start=start, end=end)
    instruments = Instrument.objects.in_bulk(list(found))
    items = [
        measured(instruments[key], facts, (start, end), realised_gain=gains.get(key, ZERO))
        for key, facts in found.items()
        if facts.moved or facts.value_on(start - ONE_DAY) != ZERO or facts.value_on(end) != ZERO
    ]
    items.sort(key=lambda one: (one.gain is None, -(one.gain or ZERO), one.instrument.symbol))
    return InstrumentReturns(start, end, items)


def measured(
    instrument: Instrument,
    facts: InstrumentFacts,
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
    within = facts.moved
    asked = sorted({before, end, *within, *(day - ONE_DAY for day in within)})
    values = {day: facts.value_on(day) for day in asked}
    inflows = [one.inflow for one in within.values()]
    outflows = [one.outflow for one in within.values()]
    reasons: dict[str, str] = {}
    for name, day in (("start_value", before), ("end_value", end)):
        if values[day] is None:
            reasons[name] = facts.gaps[day]
    net = gross = rates_of(facts, values, span, is_gross=False)
    if any(one.charges or one.trade_charges for one in within.values()):
        gross = rates_of(facts, values, span, is_gross=True)
    for prefix, rates in (("", net), ("gross_", gross)):
        reasons |= {f"{prefix}{name}": why for name, why in rates.missing(reasons).items()}
    found = InstrumentReturn(
        instrument=instrument,
        start_value=values[before],
        end_value=values[end],
        inflow=None if None in inflows else sum((one for one in inflows if one), ZERO),
        outflow=None if None in outflows else sum((one for one in outflows if one), ZERO),
        income=sum((one.income for one in within.values()), ZERO),
        charges=sum((one.charges for one in within.values()), ZERO),
        trade_charges=sum((one.trade_charges for one in within.values()), ZERO),
        realised_gain=realised_gain,
        twr=net.twr,
        xirr=net.xirr,
        gross_twr=gross.twr,
        gross_xirr=gross.xirr,
        reasons=reasons,
    )
    explain_missing(found, reasons)
    return found


@dataclass(frozen=True, slots=True)
class Rates:
    """The time-weighted and the money-weighted return; ``reason`` is why the latter is None."""

    twr: Decimal | None
    xirr: Decimal | None
    reason: str | None

    def missing(self, reasons: Mapping[str, str]) -> dict[str, str]:
        """Why those that are None are; a missing end is why both are."""
        end = reasons.get("start_value") or reasons.get("end_value")
        whys = {"twr": (self.twr, NO_PRICE), "xirr": (self.xirr, self.reason or NO_PRICE)}
        return {name: end or why for name, (value, why) in whys.items() if value is None}


def rates_of(
    facts: InstrumentFacts,
    values: Mapping[date, Decimal | None],
    span: tuple[date, date],
    *,
    is_gross: bool,
) -> Rates:
    start, end = span
    points = [
        point_of(day, value, facts.moved, is_gross=is_gross)
        for day, value in values.items()
        if day >= start
    ]
    start_value = values[start - ONE_DAY]
    whole = chain(points, start_value=start_value).total
    rate, reason = rate_of(points, start_value, values[end], span)
    return Rates(whole, rate, reason)


def point_of(
    day: date, value: Decimal | None, within: Mapping[date, InstrumentDay], *, is_gross: bool
) -> DayPoint:
    one = within.get(day, NOTHING)
    outflow = None
    if one.outflow is not None:
        outflow = one.outflow + one.income
        outflow += one.trade_charges if is_gross else -one.charges
    return DayPoint(day, value, one.inflow, outflow)


def rate_of(
    points: Sequence[DayPoint],
    start_value: Decimal | None,
    end_value: Decimal | None,
    span: tuple[date, date],
) -> tuple[Decimal | None, str | None]:
    """The money-weighted rate, as ``rates_of_return.find_rate`` has it for the whole."""
    if start_value is None or end_value is None:
        return None, NO_PRICE
    flows: list[Flow] = [(span[0] - ONE_DAY, -start_value), (span[1], end_value)]
    for point in points:
        if point.inflow is None or point.outflow is None:
            return None, NO_PRICE
        flows.append((point.date, point.outflow - point.inflow))
    try:
        return xirr(flows), None
    except NoRate as error:
        return None, error.reason


def explain_missing(found: InstrumentReturn, reasons: dict[str, str]) -> None:
    if found.inflow is None:
        reasons |= dict.fromkeys(("inflow", "outflow"), NO_PRICE)
    simple = ("simple_return", "gross_simple_return")
    if found.gain is None:
        why = next(iter(reasons.values()), NO_PRICE)
        reasons |= dict.fromkeys(("gain", "gross_gain", *simple), why)
    elif found.simple_return is None:
        reasons |= dict.fromkeys(simple, "no_capital")
