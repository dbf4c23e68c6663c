"""Several portfolios measured as one, in one currency.

Each portfolio is measured in its own currency, where its identity is checked, and then converted:
worth at the rates of its days, flows, income, charges and gains at those of theirs. What the rates
did to the rest is the currency effect, so the identity holds for the union as it does for each.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import date, datetime
from typing import Any, Final

from portfolio.bookkeeping.amounts import ZERO
from portfolio.models import Portfolio
from portfolio.returns.benchmarks import Comparison
from portfolio.returns.drivers import Drivers
from portfolio.returns.driving import Driven
from portfolio.returns.facts import NOTHING, DayMoney, DayWorth, PeriodFacts, read_facts
from portfolio.returns.gains import Method
from portfolio.returns.own_transfers import less, own_transfers
from portfolio.returns.performance import Performance, figures, find_driven
from portfolio.returns.periods import ONE_DAY, find_period
from portfolio.returns.union_parts import (
    CHARGES,
    Part,
    Rates,
    converted_drivers,
    moved_within,
    plus,
)
from portfolio.valuations.reading import rates_into
from portfolio.valuations.valuing import NO_RATE, DayFlow

FLOWS: Final = ("inflow", "outflow", "carried_gain")


def measure_together(
    portfolios: Sequence[Portfolio],
    *,
    currency: str,
    start: date | None = None,
    end: date | None = None,
    method: Method | None = None,
    benchmark: Comparison | None = None,
    at: datetime,
) -> Performance:
    """Measure portfolios as one; by default from the first entry of any of them.

    Transfers from one of them to another are no flows.

    Args:
        portfolios: one at least.
        method: which lots sales use; by default each portfolio's own.

    Raises:
        PeriodRefused: the period ends in the future, or before it starts.
    """
    spans = [find_period(one, start=start, end=end, today=at.date()) for one in portfolios]
    first, final = min(span[0] for span in spans), spans[0][1]
    transfers = own_transfers(portfolios, start=first, end=final)
    rates = rates_into(
        currency, {one.currency for one in portfolios}, start=first - ONE_DAY, through=final
    )
    parts = [
        read_part(
            one,
            transfers.get(one.id, {}),
            Rates(None if one.currency == currency else rates.get(one.currency, {})),
            span=(first, final),
            method=method,
            at=at,
        )
        for one in portfolios
    ]
    return figures(
        together(parts, first, final),
        driven_together(parts),
        portfolios=list(portfolios),
        currency=currency,
        method=method,
        benchmark=benchmark,
        parts=parts,
    )


def read_part(
    portfolio: Portfolio,
    transfers: Mapping[date, DayFlow],
    rates: Rates,
    *,
    span: tuple[date, date],
    method: Method | None,
    at: datetime,
) -> Part:
    facts = read_facts(portfolio, start=span[0], end=span[1], at=at)
    for day, flow in transfers.items():
        of_day = facts.money[day]
        for name in FLOWS:
            setattr(of_day, name, less(getattr(of_day, name), getattr(flow, name)))
    driven = find_driven(facts, method or Method(portfolio.lot_method))
    drivers = converted_drivers(driven, facts, rates, transfers)
    moved = moved_within(transfers, rates)
    return Part(portfolio, facts, driven, rates, drivers, moved)


def together(parts: Sequence[Part], start: date, end: date) -> PeriodFacts:
    """The worth and the money of all of them, day by day."""
    days = {day for part in parts for day in part.facts.worth}
    money: dict[date, DayMoney] = {}
    for part in parts:
        for day, of_day in part.facts.money.items():
            money[day] = added(money.get(day, DayMoney()), of_day, part.rates, day)
    return PeriodFacts(
        start=start,
        end=end,
        worth={day: worth_of(parts, day) for day in sorted(days)},
        money=money,
    )


def worth_of(parts: Iterable[Part], day: date) -> DayWorth:
    total = NOTHING
    for part in parts:
        worth = part.facts.worth_on(day)
        cash = part.rates.convert(worth.cash, day)
        value = part.rates.convert(worth.market_value, day)
        gap = worth.gap
        if worth.total is not None and (cash is None or value is None):
            gap = NO_RATE
        total = DayWorth(plus(total.cash, cash), plus(total.market_value, value), total.gap or gap)
    return total


def added(total: DayMoney, of_day: DayMoney, rates: Rates, day: date) -> DayMoney:
    """The day's money of one more portfolio. A charge without a rate leaves its flows unknown."""
    converted: dict[str, Any] = {
        name: rates.convert(getattr(of_day, name), day) for name in (*FLOWS, *CHARGES)
    }
    if any(converted[name] is None for name in CHARGES):
        converted |= dict.fromkeys(FLOWS)
        converted |= dict.fromkeys(CHARGES, ZERO)
    sums: dict[str, Any] = {
        name: plus(getattr(total, name), amount) for name, amount in converted.items()
    }
    return DayMoney(**sums)


def driven_together(parts: Sequence[Part]) -> Driven:
    """The sums of what drove each; None where one of them is not known."""
    realised = [one for part in parts for one in part.driven.realised]
    realised.sort(key=lambda one: (one.closed_at, one.closing_entry_id, one.opened_at))
    reason = next((part.driven.reason for part in parts if part.driven.reason), None)
    if reason is not None:
        return Driven(drivers=None, reason=reason, realised=realised)
    converted = [part.drivers for part in parts]
    if None in converted:
        return Driven(drivers=None, reason=NO_RATE, realised=realised)
    names = [one.name for one in fields(Drivers)]
    known = [one for one in converted if one is not None]
    sums = {name: sum((getattr(one, name) for one in known), ZERO) for name in names}
    if not all(part.rates.is_same_currency for part in parts):
        # What left one at its cost has another in the other's currency: that, too, rates did.
        sums["currency_effect"] += sum((part.moved or ZERO for part in parts), ZERO)
    return Driven(drivers=Drivers(**sums), realised=realised)
