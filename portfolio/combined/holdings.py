"""What several portfolios hold and are worth together, at the newest quotes and rates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from accounts.models import User
from market.models import Instrument
from portfolio.bookkeeping.amounts import ZERO, percentage, product
from portfolio.models import Portfolio
from portfolio.portfolios import total
from portfolio.queries import PositionRow, cash_row, position_rows
from portfolio.valuations.money_now import rate_of, rates_today


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """What a portfolio is worth and did today, in one currency; None where something is missing."""

    cash: Decimal | None
    market_value: Decimal | None
    cost: Decimal | None
    day_change: Decimal | None

    @property
    def total_value(self) -> Decimal | None:
        return total([self.cash, self.market_value])


@dataclass(frozen=True, slots=True, kw_only=True)
class PortfolioPart(Amounts):
    """One of the portfolios, in the common currency; ``own`` is the same in its own."""

    portfolio: Portfolio
    own: Amounts
    rate: Decimal | None  # the common currency for one of its own
    weight_pct: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CombinedPosition:
    """What all of them hold of one instrument, in the common currency."""

    instrument: Instrument
    portfolios: Sequence[Portfolio]
    quantity: Decimal
    cost: Decimal | None
    market_value: Decimal | None
    day_change: Decimal | None
    weight_pct: Decimal | None

    @property
    def unrealised_gain(self) -> Decimal | None:
        if self.market_value is None or self.cost is None:
            return None
        return self.market_value - self.cost

    @property
    def unrealised_gain_pct(self) -> Decimal | None:
        return percentage(self.unrealised_gain, self.cost)


@dataclass(frozen=True, slots=True, kw_only=True)
class CombinedHoldings:
    """Sums are None where a part is not known. ``positions`` are by symbol."""

    currency: str
    portfolios: Sequence[PortfolioPart]
    positions: Sequence[CombinedPosition]
    as_of: datetime

    @property
    def cash(self) -> Decimal | None:
        return total(one.cash for one in self.portfolios)

    @property
    def market_value(self) -> Decimal | None:
        return total(one.market_value for one in self.portfolios)

    @property
    def cost(self) -> Decimal | None:
        return total(one.cost for one in self.portfolios)

    @property
    def total_value(self) -> Decimal | None:
        return total([self.cash, self.market_value])

    @property
    def unrealised_gain(self) -> Decimal | None:
        value, cost = self.market_value, self.cost
        return None if value is None or cost is None else value - cost

    @property
    def day_change(self) -> Decimal | None:
        return total(one.day_change for one in self.portfolios)

    @property
    def day_change_pct(self) -> Decimal | None:
        """In percent of the worth before the change."""
        worth, change = self.total_value, self.day_change
        return percentage(change, None if worth is None or change is None else worth - change)


def common_currency(portfolios: Iterable[Portfolio], *, user: User, wanted: str | None) -> str:
    """The one asked for; else the one that all have, or the user's own."""
    if wanted:
        return wanted
    found = {one.currency for one in portfolios}
    return found.pop() if len(found) == 1 else user.base_currency


def combined_holdings(
    portfolios: Sequence[Portfolio], *, currency: str, at: datetime
) -> CombinedHoldings:
    """A fixed number of queries for each portfolio, however much it holds."""
    rates = rates_today((one.currency, currency) for one in portfolios)
    parts: list[PortfolioPart] = []
    held: defaultdict[int, list[tuple[Portfolio, PositionRow, Decimal | None]]]
    held = defaultdict(list)
    for portfolio in portfolios:
        rate, cash = rate_of(rates, portfolio.currency, currency), cash_row(portfolio)
        rows = position_rows(portfolio, cash=cash)
        for row in rows:
            held[row.instrument_id].append((portfolio, row, rate))
        own = Amounts(
            cash=cash.in_all,
            market_value=total(row.market_value for row in rows),
            cost=total(row.cost for row in rows),
            day_change=total(row.day_change for row in rows),
        )
        parts.append(part_of(portfolio, own, rate))
    worth = total(part.total_value for part in parts)
    positions = [position_of(found, worth) for found in held.values()]
    return CombinedHoldings(
        currency=currency,
        portfolios=[weighed(part, worth) for part in parts],
        positions=sorted(positions, key=lambda one: (one.instrument.symbol, one.instrument.id)),
        as_of=at,
    )


def part_of(portfolio: Portfolio, own: Amounts, rate: Decimal | None) -> PortfolioPart:
    return PortfolioPart(
        portfolio=portfolio,
        own=own,
        rate=rate,
        cash=converted(own.cash, rate),
        market_value=converted(own.market_value, rate),
        cost=converted(own.cost, rate),
        day_change=converted(own.day_change, rate),
    )


def converted(amount: Decimal | None, rate: Decimal | None) -> Decimal | None:
    if not amount:
        return amount
    return None if rate is None else product(amount, rate)


def weighed(part: PortfolioPart, worth: Decimal | None) -> PortfolioPart:
    return replace(part, weight_pct=percentage(part.total_value, worth))


def position_of(
    found: Sequence[tuple[Portfolio, PositionRow, Decimal | None]], worth: Decimal | None
) -> CombinedPosition:
    value = total(converted(row.market_value, rate) for _, row, rate in found)
    return CombinedPosition(
        instrument=found[0][1].instrument,
        portfolios=[portfolio for portfolio, _, _ in found],
        quantity=sum((row.quantity for _, row, _ in found), ZERO),
        cost=total(converted(row.cost, rate) for _, row, rate in found),
        market_value=value,
        day_change=total(converted(row.day_change, rate) for _, row, rate in found),
        weight_pct=percentage(value, worth),
    )
