"""What made a value change, in amounts as a page shows them, which add up as they stand. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from portfolio.bookkeeping.amounts import ZERO, to_places
from portfolio.returns.drivers import Drivers


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownDrivers:
    """``start value + parts + unexplained = end value``, to the last place that is shown.

    Parts are by name: flows, market, income, fees, taxes, currency; what was charged is below
    zero, trades included. ``unexplained`` is zero, or the books and the prices disagree.
    """

    start_value: Decimal
    parts: Mapping[str, Decimal]
    unexplained: Decimal
    end_value: Decimal

    @property
    def gain(self) -> Decimal:
        """What the value changed by, flows aside."""
        return self.end_value - self.start_value - self.parts["flows"]


def shown_drivers(drivers: Drivers, *, places: int) -> ShownDrivers:
    """Round every amount; what that leaves, a few minor units at most, goes to the market."""
    exact = {
        "flows": drivers.net_flows,
        "market": drivers.market_gain,
        "income": drivers.income,
        "fees": -drivers.all_fees,
        "taxes": -drivers.all_taxes,
        "currency": drivers.currency_effect,
    }
    parts = {name: to_places(amount, places) for name, amount in exact.items()}
    start, end = to_places(drivers.start_value, places), to_places(drivers.end_value, places)
    unexplained = to_places(drivers.identity_gap, places)
    parts["market"] += end - start - unexplained - sum(parts.values(), ZERO)
    return ShownDrivers(start_value=start, parts=parts, unexplained=unexplained, end_value=end)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownTerms:
    """The terms of the identity, which add up as they stand; ``unexplained`` as above.

    Fees and taxes are below zero, and those of trades are within the gains.
    """

    start_value: Decimal
    net_flows: Decimal
    realised_gain: Decimal
    unrealised_gain: Decimal
    income: Decimal
    fees: Decimal
    taxes: Decimal
    currency_effect: Decimal
    unexplained: Decimal
    end_value: Decimal


def shown_terms(drivers: Drivers, *, places: int) -> ShownTerms:
    """Round every amount; what that leaves goes to the gains that are not realised."""
    exact = {
        "start_value": drivers.start_value,
        "net_flows": drivers.net_flows,
        "realised_gain": drivers.realised_gain,
        "unrealised_gain": drivers.unrealised_gain,
        "income": drivers.income,
        "fees": -drivers.fees,
        "taxes": -drivers.taxes,
        "currency_effect": drivers.currency_effect,
        "unexplained": drivers.identity_gap,
    }
    terms = {name: to_places(amount, places) for name, amount in exact.items()}
    end = to_places(drivers.end_value, places)
    terms["unrealised_gain"] += end - sum(terms.values(), ZERO)
    return ShownTerms(**terms, end_value=end)
