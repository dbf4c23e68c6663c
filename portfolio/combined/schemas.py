"""Several portfolios as one, for programs."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field

from accounts.schemas import SchemaIn, SchemaOut
from market.schemas import NumberOut
from portfolio.combined.holdings import CombinedHoldings, CombinedPosition, PortfolioPart
from portfolio.returns.schemas import CombinedCurrency, CombinedIds
from portfolio.schemas import attributes


class CombinedHoldingsWanted(SchemaIn):
    portfolio_id: CombinedIds = Field(default_factory=list)
    currency: CombinedCurrency = None


class PartOut(SchemaOut):
    """One of the portfolios, in the common currency."""

    portfolio_id: UUID
    name: str
    own_currency: str
    cash: NumberOut | None
    market_value: NumberOut | None
    cost: NumberOut | None
    total_value: NumberOut | None
    day_change: NumberOut | None
    weight_pct: NumberOut | None

    @classmethod
    def from_part(cls, found: PortfolioPart) -> Self:
        names = ("cash", "market_value", "cost", "total_value", "day_change", "weight_pct")
        return cls(
            portfolio_id=found.portfolio.id,
            name=found.portfolio.name,
            own_currency=found.portfolio.currency,
            **attributes(found, names),
        )


class CombinedPositionOut(SchemaOut):
    """What all of them hold of one instrument, in the common currency, percentages in percent."""

    symbol: str
    name: str
    quantity: NumberOut
    cost: NumberOut | None
    market_value: NumberOut | None
    unrealised_gain: NumberOut | None
    unrealised_gain_pct: NumberOut | None
    day_change: NumberOut | None
    weight_pct: NumberOut | None
    portfolio_ids: Annotated[list[UUID], Field(description="of those that hold it")]

    @classmethod
    def from_position(cls, found: CombinedPosition) -> Self:
        names = (
            *("quantity", "cost", "market_value", "unrealised_gain", "unrealised_gain_pct"),
            *("day_change", "weight_pct"),
        )
        return cls(
            symbol=found.instrument.symbol,
            name=found.instrument.name,
            portfolio_ids=[one.id for one in found.portfolios],
            **attributes(found, names),
        )


class CombinedOut(SchemaOut):
    """Values need prices and rates: null where one of the portfolios lacks some."""

    currency: str
    cash: NumberOut | None
    market_value: NumberOut | None
    cost: NumberOut | None
    total_value: NumberOut | None
    unrealised_gain: NumberOut | None
    day_change: NumberOut | None
    day_change_pct: NumberOut | None
    portfolios: list[PartOut]
    positions: list[CombinedPositionOut]
    as_of: datetime

    @classmethod
    def from_holdings(cls, found: CombinedHoldings) -> Self:
        names = (
            *("currency", "cash", "market_value", "cost", "total_value", "unrealised_gain"),
            *("day_change", "day_change_pct", "as_of"),
        )
        return cls(
            portfolios=[PartOut.from_part(one) for one in found.portfolios],
            positions=[CombinedPositionOut.from_position(one) for one in found.positions],
            **attributes(found, names),
        )
