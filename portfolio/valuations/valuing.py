"""What a portfolio was worth, day by day. Pure: changes, closes and rates in, values out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, NamedTuple, TypeVar

from market.currencies.currency_units import major_of
from portfolio.bookkeeping.amounts import EXACT, ZERO, product, ten_places
from portfolio.position_days.instrument_days import Earned, Moved
from portfolio.valuations.open_costs import OpenCosts

# A close stands for the days after it until the next one, but no longer than this.
CARRY_DAYS: Final = 30
ONE_DAY: Final = timedelta(days=1)
Key = TypeVar("Key", int, str)
NO_PRICE: Final = "no_price"
NO_RATE: Final = "no_rate"

Closes = Mapping[int, Sequence[tuple[date, Decimal]]]  # by instrument, ascending by date
# By currency and day what one of it is in the portfolio's; a day without a rate is not in it.
Rates = Mapping[str, Mapping[date, Decimal]]


class PriceSplit(NamedTuple):
    """A split of the market: one unit became ``factor``."""

    ex_date: date
    factor: Decimal
    is_in_history: bool  # whether stored closes before it are divided already


@dataclass(frozen=True, slots=True)
class Priced:
    """How an instrument is priced."""

    currency: str
    splits: Sequence[PriceSplit] = ()


@dataclass(frozen=True, slots=True)
class Move:
    """Units that crossed the border; see ``portfolio.trades.UnitMove``."""

    instrument_id: int
    quantity: Decimal
    cost: Decimal
    value: Decimal | None


@dataclass(slots=True)
class DayChange:
    """What one day's entries changed; all money but ``cash`` in the portfolio's currency."""

    cash: dict[str, Decimal] = field(default_factory=dict)  # by currency
    booked: Decimal = ZERO  # what the cash of other currencies in it was worth as it was booked
    inflow: Decimal = ZERO  # cash from outside, >= 0
    outflow: Decimal = ZERO  # cash that left, >= 0
    cost: Decimal = ZERO  # of all instruments
    costs: dict[int, Decimal] = field(default_factory=dict)  # by instrument
    units: dict[int, Decimal] = field(default_factory=dict)
    moves: list[Move] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class DayFlow:
    """What crossed the border in a day, cash and units; None where units had no price."""

    inflow: Decimal | None = ZERO
    outflow: Decimal | None = ZERO
    carried_gain: Decimal | None = ZERO


@dataclass(frozen=True, slots=True)
class DayValue:
    """One day's end; see ``portfolio.models.DailyValuation``."""

    date: date
    cash: Decimal | None
    market_value: Decimal | None
    cost: Decimal
    flow: DayFlow
    gap: str
    earned: Earned
    currency_effect: Decimal | None
    cash_effect: Decimal | None


NOTHING_EARNED: Final = Earned()


@dataclass(slots=True)
class Held:
    """What there is by the end of a day, and what it cost."""

    cash: dict[str, Decimal] = field(default_factory=dict)
    units: dict[int, Decimal] = field(default_factory=dict)
    cost: Decimal = ZERO
    booked: Decimal = ZERO

    def add(self, change: DayChange) -> None:
        self.cost += change.cost
        self.booked += change.booked
        add_to(self.cash, change.cash)
        add_to(self.units, change.units)


def value_days(
    changes: Mapping[date, DayChange],
    moved: Moved,
    market: Market,
    *,
    start: date,
    through: date,
) -> Iterator[DayValue]:
    """Value each calendar day from ``start`` to ``through``, both included.

    Args:
        changes: of every day on which something changed, those before ``start`` as well.
        moved: costs of instruments from the first day on, what was earned from ``start`` on.
        market: with closes from ``CARRY_DAYS`` before ``start``, not asked for a later day yet.
    """
    held = Held()
    open_costs = OpenCosts(moved.instruments, market, start=start)
    for day in sorted(day for day in changes if day < start):
        held.add(changes[day])
    day = start
    while day <= through:
        market.day = day
        if change := changes.get(day):
            held.add(change)
        worth, cash_worth = market.value_of(held.units), market.money_of(held.cash)
        is_known = worth is not None and cash_worth is not None
        yield DayValue(
            date=day,
            cash=cash_worth,
            market_value=worth,
            cost=held.cost,
            flow=market.flow_of(change) if change else DayFlow(),
            gap="" if is_known else market.gap_of(held.units, held.cash),
            earned=moved.earned.get(day, NOTHING_EARNED),
            currency_effect=open_costs.effect_on(day),
            cash_effect=market.cash_effect(held.cash, held.booked),
        )
        day += ONE_DAY


class PriceWalk:
    """A series of closes, asked for one ascending day after another."""

    def __init__(self, series: Sequence[tuple[date, Decimal]]) -> None:
        self._series = series
        self._next = 0

    def close_on(self, day: date) -> tuple[date, Decimal] | None:
        """The newest close up to that day with its date, if it is not too old to stand for it."""
        while self._next < len(self._series) and self._series[self._next][0] <= day:
            self._next += 1
        if self._next == 0:
            return None
        closed_on, close = self._series[self._next - 1]
        return (closed_on, close) if (day - closed_on).days <= CARRY_DAYS else None


class Market:
    """Prices and rates, asked for one ascending day after another.

    Closes are in each instrument's currency; rates are into ``currency``, the portfolio's, which
    needs none itself.
    """

    def __init__(
        self, closes: Closes, priced: Mapping[int, Priced], rates: Rates, currency: str
    ) -> None:
        self._walks = {instrument: PriceWalk(series) for instrument, series in closes.items()}
        self._priced = priced
        self._rates = rates
        self._currency = currency
        self.day = date.min

    def rate_of(self, currency: str) -> Decimal | None:
        """What one of the currency is in the portfolio's."""
        if currency == self._currency:
            return Decimal(1)
        return self._rates.get(currency, {}).get(self.day)

    def price_of(self, instrument_id: int) -> Decimal | None:
        """A unit's price as it was traded, in the instrument's currency."""
        walk = self._walks.get(instrument_id)
        found = None if walk is None else walk.close_on(self.day)
        if found is None:
            return None
        closed_on, close = found
        for split in self._priced[instrument_id].splits:
            # Units are those of the day, so the close must be of such a unit.
            if split.is_in_history and split.ex_date > self.day:
                close = EXACT.multiply(close, split.factor)
            elif not split.is_in_history and closed_on < split.ex_date <= self.day:
                close = EXACT.divide(close, split.factor)
        return close

    def rate_for(self, instrument_id: int) -> Decimal | None:
        """What one of the currency that the instrument is priced in is in the portfolio's."""
        known = self._priced.get(instrument_id)
        return None if known is None else self.rate_of(known.currency)

    def is_foreign(self, instrument_id: int) -> bool:
        """Whether it is priced in another currency; hundredths of the same are not."""
        known = self._priced.get(instrument_id)
        return known is not None and major_of(known.currency) != self._currency

    def worth_of(self, instrument_id: int, quantity: Decimal) -> Decimal | None:
        close = self.price_of(instrument_id)
        rate = None if close is None else self.rate_of(self._priced[instrument_id].currency)
        if close is None or rate is None:
            return None
        return ten_places(EXACT.multiply(EXACT.multiply(quantity, close), rate))

    def value_of(self, units: Mapping[int, Decimal]) -> Decimal | None:
        """What units of several instruments are worth; None where one has no price."""
        total = ZERO
        for instrument_id, quantity in units.items():
            worth = self.worth_of(instrument_id, quantity)
            if worth is None:
                return None
            total += worth
        return total

    def money_of(self, cash: Mapping[str, Decimal]) -> Decimal | None:
        """What cash in several currencies is worth; None where one has no rate."""
        total = ZERO
        for currency, amount in cash.items():
            if (rate := self.rate_of(currency)) is None:
                return None
            total += product(amount, rate) if currency != self._currency else amount
        return total

    def cash_effect(self, cash: Mapping[str, Decimal], booked: Decimal) -> Decimal | None:
        """What rates have done to cash of other currencies since it came, or until it went.

        Args:
            booked: what all its changes so far were worth as they were booked.
        """
        others = {code: amount for code, amount in cash.items() if code != self._currency}
        worth = self.money_of(others)
        return None if worth is None else worth - booked

    def gap_of(self, units: Mapping[int, Decimal], cash: Mapping[str, Decimal]) -> str:
        """The code of what is missing, a rate before a price."""
        currencies = {*cash, *(self._priced[one].currency for one in units if one in self._priced)}
        is_rate = any(self.rate_of(currency) is None for currency in currencies)
        return NO_RATE if is_rate else NO_PRICE

    def flow_of(self, change: DayChange) -> DayFlow:
        inflow, outflow, carried = change.inflow, change.outflow, ZERO
        for move in change.moves:
            value = move.value
            if value is None:
                value = self.worth_of(move.instrument_id, move.quantity)
            if value is None:
                return DayFlow(None, None, None)
            inflow += max(value, ZERO)
            outflow += max(-value, ZERO)
            carried += value - move.cost
        return DayFlow(inflow, outflow, carried)


def add_to(held: dict[Key, Decimal], added: Mapping[Key, Decimal]) -> None:
    """Add to what is held; what comes to nothing is forgotten."""
    for key, quantity in added.items():
        if total := held.get(key, ZERO) + quantity:
            held[key] = total
        else:
            held.pop(key, None)
