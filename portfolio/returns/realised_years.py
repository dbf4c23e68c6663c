"""Gains realised by calendar year, and each of them as a row for whoever declares them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from accounts.table_files import AMOUNT, COUNT, DAY, TEXT, Column, Row, Table
from market.models import Instrument
from portfolio.bookkeeping.amounts import ZERO
from portfolio.models import Portfolio
from portfolio.portfolios import total
from portfolio.returns.gains import RealisedGain
from portfolio.returns.realised import RealisedPeriod

COLUMNS: Final = (
    *(Column("symbol", TEXT), Column("name", TEXT), Column("isin", TEXT)),
    *(Column("opened_on", DAY), Column("closed_on", DAY), Column("days_held", COUNT)),
    *(Column("quantity", AMOUNT), Column("cost", AMOUNT), Column("proceeds", AMOUNT)),
    *(Column("realised_gain", AMOUNT), Column("currency", TEXT), Column("lot_method", TEXT)),
    *(Column("purchase_charges", AMOUNT), Column("gross_cost", AMOUNT)),
    *(Column("sale_charges", AMOUNT), Column("gross_proceeds", AMOUNT)),
    *(Column("period_start", DAY), Column("period_gain", AMOUNT)),
)


@dataclass(slots=True)
class RealisedYear:
    """A year of UTC. Charges are in cost and proceeds; ``losses`` <= 0.

    ``charges`` are None where those of a purchase are not told apart.
    """

    year: int
    cost: Decimal = ZERO
    proceeds: Decimal = ZERO
    gains: Decimal = ZERO  # of sales that gained
    losses: Decimal = ZERO  # of those that lost
    charges: Decimal | None = ZERO

    @property
    def total(self) -> Decimal:
        return self.proceeds - self.cost


def by_year(found: RealisedPeriod) -> list[RealisedYear]:
    """Newest year first."""
    years: dict[int, RealisedYear] = {}
    for one, charges in zip(found.realised, found.charges, strict=True):
        year = years.setdefault(one.closed_at.year, RealisedYear(one.closed_at.year))
        year.cost += one.cost
        year.proceeds += one.proceeds
        year.charges = total([year.charges, charges.together])
        if one.gain > 0:
            year.gains += one.gain
        else:
            year.losses += one.gain
    return sorted(years.values(), key=lambda one: -one.year)


def days_held(one: RealisedGain) -> int:
    return (one.closed_at.date() - one.opened_at.date()).days


def realised_table(portfolio: Portfolio, found: RealisedPeriod, *, method: str) -> Table:
    """A row for each lot that each sale used, in the order of the sales."""
    instruments = Instrument.objects.in_bulk({one.instrument_id for one in found.realised})

    def rows() -> Iterator[Row]:
        for one, charges, gain in zip(
            found.realised, found.charges, found.period_gains, strict=True
        ):
            instrument = instruments[one.instrument_id]
            yield (
                *(instrument.symbol, instrument.name, instrument.isin),
                *(one.opened_at.date(), one.closed_at.date(), days_held(one)),
                *(one.quantity, one.cost, one.proceeds, one.gain, portfolio.currency, method),
                *(charges.purchase, charges.gross_cost(one)),
                *(charges.sale, charges.gross_proceeds(one), found.start, gain),
            )

    name = f"realised-{portfolio.id}-{found.start}-{found.end}"
    return Table(name=name, columns=COLUMNS, rows=rows)
