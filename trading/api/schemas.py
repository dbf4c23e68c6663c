"""Fills and settlements as programs get them."""

from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field

from accounts.exact_json import MomentIn
from accounts.schemas import FormatIn, PageIn, SchemaOut
from market.schemas import NumberOut, Symbol
from trading.models import Fill, Settlement


class FillOut(SchemaOut):
    id: UUID
    order_id: UUID
    portfolio_id: UUID
    symbol: str
    side: str
    quantity: NumberOut
    price: NumberOut
    commission: NumberOut
    counterparty: str
    executed_at: datetime
    trade_date: date
    settlement_date: date

    @classmethod
    def from_fill(cls, fill: Fill) -> Self:
        return cls(
            id=fill.id,
            order_id=fill.order_id,
            portfolio_id=fill.portfolio_id,
            symbol=fill.instrument.symbol,
            side=fill.side,
            quantity=fill.quantity,
            price=fill.price,
            commission=fill.commission,
            counterparty=fill.counterparty,
            executed_at=fill.executed_at,
            trade_date=fill.trade_date,
            settlement_date=fill.settlement_date,
        )


class FillList(SchemaOut):
    items: list[FillOut]
    next_cursor: str | None


class FillsWanted(PageIn):
    portfolio_id: UUID | None = None
    order_id: UUID | None = None
    symbol: Symbol | None = None
    start: Annotated[MomentIn | None, Field(description="executed from this moment on")] = None
    end: Annotated[MomentIn | None, Field(description="executed before this moment")] = None
    format: FormatIn = None


class SettlementOut(SchemaOut):
    """What a fill promised: `quantity` units against cash, exchanged on `due_date`."""

    id: UUID
    portfolio_id: UUID
    fill_id: UUID
    order_id: UUID
    symbol: str
    side: str
    quantity: NumberOut
    price: NumberOut
    commission: NumberOut
    due_date: date
    settled_at: datetime | None

    @classmethod
    def from_settlement(cls, settlement: Settlement) -> Self:
        fill = settlement.fill
        return cls(
            id=settlement.id,
            portfolio_id=settlement.portfolio_id,
            fill_id=fill.id,
            order_id=fill.order_id,
            symbol=fill.instrument.symbol,
            side=fill.side,
            quantity=fill.quantity,
            price=fill.price,
            commission=fill.commission,
            due_date=settlement.due_date,
            settled_at=settlement.settled_at,
        )


class SettlementList(SchemaOut):
    items: list[SettlementOut]
    next_cursor: str | None


class SettlementsWanted(PageIn):
    portfolio_id: UUID | None = None
    order_id: UUID | None = None
    symbol: Symbol | None = None
    start: Annotated[date | None, Field(description="due on this day or later")] = None
    end: Annotated[date | None, Field(description="due before this day")] = None
    status: Literal["waiting", "settled"] | None = None
