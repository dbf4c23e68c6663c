"""How a portfolio's value is spread over instruments, sectors, classes, currencies, countries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Final

from market.currencies.currency_units import major_of
from market.models import Instrument
from market.models.instruments import AssetClass
from portfolio.bookkeeping.amounts import EXACT, HUNDREDTH, ZERO, product
from portfolio.models import LedgerBalance, Portfolio
from portfolio.queries import PositionRow, position_rows
from portfolio.valuations.money_now import rate_of, rates_today

CASH: Final = "cash"
UNKNOWN: Final = "unknown"


class Dimension(StrEnum):
    """What a portfolio can be divided by."""

    INSTRUMENT = "instrument"
    SECTOR = "sector"
    ASSET_CLASS = "asset_class"
    CURRENCY = "currency"
    COUNTRY = "country"


@dataclass(frozen=True, slots=True)
class Holding:
    """One thing of worth: units of an instrument, or cash of one currency (``instrument`` None).

    ``value`` is in the portfolio's currency; None without a price or a rate. ``price`` is that of
    a unit, in the instrument's currency.
    """

    instrument: Instrument | None
    currency: str
    value: Decimal | None
    quantity: Decimal  # units, or money in ``currency``
    price: Decimal | None
    rate: Decimal | None  # into the portfolio's currency


@dataclass(slots=True)
class Slice:
    """Holdings of one kind together. ``value`` is None where one of them has none.

    ``weight_pct`` is of the whole, in percent; None where the whole is not known or not > 0.
    """

    key: str
    label: str
    value: Decimal | None = ZERO
    weight_pct: Decimal | None = None
    holdings: list[Holding] = field(default_factory=list)

    @property
    def symbols(self) -> list[str]:
        return [one.instrument.symbol for one in self.holdings if one.instrument is not None]

    def add(self, holding: Holding) -> None:
        known = self.value is not None and holding.value is not None
        self.value = (self.value or ZERO) + (holding.value or ZERO) if known else None
        self.holdings.append(holding)


@dataclass(frozen=True, slots=True)
class Allocation:
    """``slices`` by value, the largest first and those without one last."""

    by: Dimension
    total: Decimal | None
    slices: Sequence[Slice]

    @property
    def unpriced(self) -> list[str]:
        """What has no value, so that no weight can be told."""
        return [name for one in self.slices if one.value is None for name in one.symbols]


def allocation(portfolio: Portfolio, by: Dimension) -> Allocation:
    """Spread what the portfolio is worth now; six queries and one read of quotes."""
    return allocate(holdings_of(portfolio), by)


def holdings_of(portfolio: Portfolio) -> list[Holding]:
    """Everything of worth in a portfolio, now."""
    return [*held_units(position_rows(portfolio)), *cash_holdings(portfolio)]


def held_units(rows: Iterable[PositionRow]) -> list[Holding]:
    return [
        Holding(
            row.instrument,
            major_of(row.currency),
            row.market_value,
            quantity=row.quantity,
            price=row.price,
            rate=row.exchange_rate,
        )
        for row in rows
    ]


def cash_holdings(portfolio: Portfolio) -> list[Holding]:
    """Cash by currency; one query, and two for rates where there are other currencies."""
    found = LedgerBalance.objects.filter(portfolio=portfolio, instrument=None).order_by("currency")
    balances = [one for one in found if one.total]
    rates = rates_today((one.currency, portfolio.currency) for one in balances)
    holdings = []
    for one in balances:
        rate = rate_of(rates, one.currency, portfolio.currency)
        worth = None if rate is None else product(one.total, rate)
        holdings.append(
            Holding(None, one.currency, worth, quantity=one.total, price=None, rate=rate)
        )
    return holdings


def allocate(holdings: Iterable[Holding], by: Dimension) -> Allocation:
    """Group holdings; cash is a group of its own, save by currency, where it is like the rest."""
    slices: dict[str, Slice] = {}
    total: Decimal | None = ZERO
    for holding in holdings:
        key, label = group_of(holding, by)
        slices.setdefault(key, Slice(key, label)).add(holding)
        total = None if total is None or holding.value is None else total + holding.value
    for one in slices.values():
        one.weight_pct = weight(one.value, total)
    ordered = sorted(slices.values(), key=lambda one: (one.value is None, -(one.value or ZERO)))
    return Allocation(by, total, ordered)


def weight(value: Decimal | None, total: Decimal | None) -> Decimal | None:
    """Percent of the whole, two places."""
    if value is None or total is None or total <= 0:
        return None
    return EXACT.divide(value * 100, total).quantize(HUNDREDTH)


def group_of(holding: Holding, by: Dimension) -> tuple[str, str]:
    """The group's key, and its name for people."""
    instrument = holding.instrument
    if by == Dimension.CURRENCY:
        return holding.currency, holding.currency
    if instrument is None:
        return CASH, "Cash"
    if by == Dimension.INSTRUMENT:
        return instrument.symbol, instrument.name
    if by == Dimension.ASSET_CLASS:
        return instrument.asset_class, str(AssetClass(instrument.asset_class).label)
    name = instrument.sector if by == Dimension.SECTOR else instrument.country
    return (name, name) if name else (UNKNOWN, "Not known")
