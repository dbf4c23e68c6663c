"""Portfolios and their books as programs send and get them."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from accounts.exact_json import AmountIn, MomentIn, PriceIn
from accounts.schemas import PageIn, SchemaIn, SchemaOut
from market.models import Instrument
from market.schemas import NumberOut, Symbol
from portfolio.activity_rules import ActivityDraft
from portfolio.amounts import ZERO
from portfolio.journal import EntryRow, PostingRow
from portfolio.models import DailyValuation
from portfolio.overviews import PortfolioOverview
from portfolio.queries import LotRow, PositionRow


def attributes(source: Any, names: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(source, name) for name in names}


class PortfolioIn(SchemaIn):
    name: str
    kind: Annotated[str, Field(description="paper or tracked")]
    currency: str = "USD"
    starting_cash: AmountIn | None = None

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "name": "My paper portfolio",
                "kind": "paper",
                "currency": "USD",
                "starting_cash": "100000",
            }
        }
    )


class PortfolioPatch(SchemaIn):
    name: str


class PortfolioOut(SchemaOut):
    """Values need prices: null where a holding has none."""

    id: UUID
    name: str
    kind: str
    currency: str
    cash: NumberOut
    settled_cash: NumberOut
    buying_power: NumberOut
    market_value: NumberOut | None
    total_value: NumberOut | None
    as_of: datetime

    @classmethod
    def from_overview(cls, found: PortfolioOverview) -> Self:
        return cls(
            **attributes(found.portfolio, ("id", "name", "kind", "currency")),
            **attributes(found, ("cash", "settled_cash", "buying_power", "market_value")),
            total_value=found.total_value,
            as_of=found.as_of,
        )


class PortfolioList(SchemaOut):
    items: list[PortfolioOut]
    next_cursor: str | None


class PositionOut(SchemaOut):
    """Money in the portfolio's currency, percentages in percent; null without a price."""

    symbol: str
    name: str
    quantity: NumberOut
    average_cost: NumberOut | None
    cost: NumberOut
    realised_gain: NumberOut
    price: NumberOut | None
    price_as_of: datetime | None
    market_value: NumberOut | None
    unrealised_gain: NumberOut | None
    unrealised_gain_pct: NumberOut | None
    day_change: NumberOut | None
    day_change_pct: NumberOut | None
    weight_pct: NumberOut | None
    currency: str
    is_simulated: bool

    @classmethod
    def from_row(cls, row: PositionRow) -> Self:
        return cls(**attributes(row, cls.model_fields))


class PositionList(SchemaOut):
    items: list[PositionOut]
    next_cursor: None = None


class LotOut(SchemaOut):
    """Units bought at once. `unit_cost` includes charges."""

    lot_id: UUID
    symbol: str
    opened_at: datetime
    closed_at: datetime | None
    quantity: NumberOut
    cost: NumberOut
    unit_cost: NumberOut
    remaining_quantity: NumberOut
    remaining_cost: NumberOut
    currency: str
    realised_gain: NumberOut
    price: NumberOut | None
    market_value: NumberOut | None
    unrealised_gain: NumberOut | None

    @classmethod
    def from_row(cls, row: LotRow) -> Self:
        return cls(**attributes(row, cls.model_fields))


class LotList(SchemaOut):
    items: list[LotOut]
    next_cursor: None = None


class LotsWanted(BaseModel):
    symbol: Symbol | None = None
    status: Literal["open", "closed"] | None = None


class ValuationOut(SchemaOut):
    """One day's end. `net_flow` is cash that came from outside less cash that left."""

    date: date
    cash: NumberOut
    market_value: NumberOut | None
    total_value: NumberOut | None
    cost: NumberOut
    net_flow: NumberOut

    @classmethod
    def from_day(cls, day: DailyValuation) -> Self:
        total = None if day.market_value is None else day.cash + day.market_value
        facts = attributes(day, ("date", "cash", "market_value", "cost", "net_flow"))
        return cls(**facts, total_value=total)


class ValuationList(SchemaOut):
    items: list[ValuationOut]
    next_cursor: str | None


class ValuationsWanted(PageIn):
    start: Annotated[date | None, Field(description="first day")] = None
    end: Annotated[date | None, Field(description="last day")] = None


class ActivityIn(SchemaIn):
    """Something that happened. `amount` is of kinds without units: a deposit, a whole dividend."""

    kind: str
    occurred_at: MomentIn | None = None
    symbol: Symbol | None = None
    quantity: AmountIn | None = None
    unit_price: PriceIn | None = None
    amount: AmountIn | None = None
    fees: AmountIn | None = None
    taxes: AmountIn | None = None
    currency: str | None = None
    exchange_rate: AmountIn | None = None
    external_id: Annotated[str, Field(min_length=1, max_length=120)] | None = None
    note: Annotated[str, Field(max_length=300)] = ""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "kind": "buy",
                "occurred_at": "2025-01-31T15:30:00Z",
                "symbol": "AAPL",
                "quantity": "10",
                "unit_price": "236.00",
                "fees": "1.00",
                "currency": "USD",
            }
        }
    )

    def to_draft(self, instrument: Instrument | None, *, now: datetime) -> ActivityDraft:
        """What happened without saying when, happened now."""
        return ActivityDraft(
            kind=self.kind,
            occurred_at=self.occurred_at or now,
            instrument=instrument,
            quantity=self.quantity,
            unit_price=self.unit_price,
            amount=self.amount,
            fees=self.fees or ZERO,
            taxes=self.taxes or ZERO,
            currency=self.currency or "",
            exchange_rate=self.exchange_rate,
            external_id=self.external_id or "",
            note=self.note,
        )


class ActivityOut(SchemaOut):
    id: UUID
    kind: str
    occurred_at: datetime
    recorded_at: datetime
    symbol: str | None
    quantity: NumberOut | None
    unit_price: NumberOut | None
    amount: NumberOut | None
    fees: NumberOut
    taxes: NumberOut
    currency: str
    exchange_rate: NumberOut | None
    external_id: str
    note: str
    is_reversed: bool

    @classmethod
    def from_row(cls, row: EntryRow) -> Self:
        return cls(**attributes(row, cls.model_fields))


class ActivityList(SchemaOut):
    items: list[ActivityOut]
    next_cursor: str | None


class ActivitiesWanted(PageIn):
    start: MomentIn | None = None
    end: MomentIn | None = None


class PostingOut(SchemaOut):
    """`commodity` is a currency or a symbol; the postings of an entry sum to zero in each."""

    account_kind: str
    commodity: str
    amount: NumberOut

    @classmethod
    def from_row(cls, row: PostingRow) -> Self:
        return cls(**attributes(row, cls.model_fields))


class EntryOut(ActivityOut):
    reverses_id: UUID | None
    postings: list[PostingOut]

    @classmethod
    def from_row(cls, row: EntryRow) -> Self:
        names = set(cls.model_fields) - {"postings"}
        postings = [PostingOut.from_row(posting) for posting in row.postings]
        return cls(**attributes(row, names), postings=postings)


class EntryList(SchemaOut):
    items: list[EntryOut]
    next_cursor: str | None
