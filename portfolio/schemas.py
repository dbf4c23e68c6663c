"""Portfolios and their books as programs send and get them."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated, Any, Final, Literal, Self
from uuid import UUID

from django.conf import settings
from pydantic import BaseModel, ConfigDict, Field

from accounts.exact_json import AmountIn, MomentIn, PriceIn
from accounts.schemas import PageIn, SchemaIn, SchemaOut
from market.schemas import NumberOut, Symbol
from portfolio.bookkeeping.amounts import ZERO, product
from portfolio.bookkeeping.drafts import LotFact
from portfolio.bookkeeping.journal import EntryRow, PostingRow
from portfolio.models import DailyValuation
from portfolio.models.portfolios import BookedActions, LotMethod
from portfolio.queries import LotRow, PositionRow
from portfolio.recording.activity_names import ActivityNames
from portfolio.recording.activity_rules import LOTS_MAXIMUM, ActivityDraft
from portfolio.valuations.overviews import PortfolioOverview


def attributes(source: Any, names: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(source, name) for name in names}


BATCH_MAXIMUM: Final = settings.LIMITS.activities_per_batch
PORTFOLIO_FACTS: Final = ("id", "name", "kind", "currency", "lot_method", "booked_actions")


class PortfolioIn(SchemaIn):
    name: str
    kind: Annotated[str, Field(description="paper or tracked")]
    currency: str = "USD"
    starting_cash: AmountIn | None = None
    lot_method: Annotated[str, Field(description="fifo, lifo, hifo or average")] = LotMethod.FIFO
    booked_actions: Annotated[
        str, Field(description="of the market, by themselves: none, splits or all")
    ] = BookedActions.SPLITS

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
    """What is left out stays as it is."""

    name: str | None = None
    lot_method: Annotated[str | None, Field(description="fifo, lifo, hifo or average")] = None
    booked_actions: Annotated[
        str | None, Field(description="of the market, by themselves: none, splits or all")
    ] = None

    model_config = ConfigDict(
        json_schema_extra={"example": {"name": "Savings", "lot_method": "fifo"}}
    )


class PortfolioOut(SchemaOut):
    """Values need prices and rates: null where a holding or a currency has none.

    `cash` counts all currencies; `settled_cash` and `buying_power` are of the portfolio's own.
    """

    id: UUID
    name: str
    kind: str
    currency: str
    lot_method: str
    booked_actions: str
    cash: NumberOut | None
    settled_cash: NumberOut
    buying_power: NumberOut
    market_value: NumberOut | None
    total_value: NumberOut | None
    as_of: datetime

    @classmethod
    def from_overview(cls, found: PortfolioOverview) -> Self:
        return cls(
            **attributes(found.portfolio, PORTFOLIO_FACTS),
            **attributes(found, ("cash", "settled_cash", "buying_power", "market_value")),
            total_value=found.total_value,
            as_of=found.as_of,
        )


class PortfolioList(SchemaOut):
    items: list[PortfolioOut]
    next_cursor: str | None


class PositionOut(SchemaOut):
    """Money in the portfolio's currency, percentages in percent; null without a price or a rate.

    `price`, `local_cost` and `local_value` are in `currency`, the instrument's; `currency_gain`
    is the part of the unrealised gain that comes from `exchange_rate`.
    """

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
    local_cost: NumberOut
    local_value: NumberOut | None
    exchange_rate: NumberOut | None
    currency_gain: NumberOut | None
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
    """One day's end. `net_flow` is what came from outside less what left, cash and units.

    A figure is null where a price or a rate is missing; `gap` says which.
    """

    date: date
    cash: NumberOut | None
    market_value: NumberOut | None
    total_value: NumberOut | None
    cost: NumberOut
    net_flow: NumberOut | None
    gap: str

    @classmethod
    def from_day(cls, day: DailyValuation) -> Self:
        return cls(**attributes(day, cls.model_fields))


class ValuationList(SchemaOut):
    items: list[ValuationOut]
    next_cursor: str | None


class ValuationsWanted(PageIn):
    start: Annotated[date | None, Field(description="first day")] = None
    end: Annotated[date | None, Field(description="last day")] = None


class ActivityLotIn(SchemaIn):
    """A lot that a sale uses (`lot_id`), or one that a transfer brings (`cost` or `unit_price`)."""

    lot_id: UUID | None = None
    quantity: AmountIn
    cost: Annotated[AmountIn | None, Field(description="of the whole lot, charges included")] = None
    unit_price: PriceIn | None = None
    opened_at: MomentIn | None = None

    def to_fact(self) -> LotFact:
        cost = self.cost
        if cost is None and self.unit_price is not None:
            cost = product(self.quantity, self.unit_price)
        return LotFact(
            quantity=self.quantity, lot_id=self.lot_id, cost=cost, opened_at=self.opened_at
        )


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
    exchange_rate: Annotated[
        AmountIn | None, Field(description="the portfolio's currency for one of `currency`")
    ] = None
    external_id: Annotated[str, Field(min_length=1, max_length=120)] | None = None
    note: Annotated[str, Field(max_length=300)] = ""
    ratio_from: Annotated[AmountIn | None, Field(description="of a split")] = None
    ratio_to: Annotated[AmountIn | None, Field(description="of a split")] = None
    lots: Annotated[list[ActivityLotIn], Field(max_length=LOTS_MAXIMUM, default_factory=list)]
    from_symbol: Annotated[
        Symbol | None, Field(description="of a spin-off: whose cost is shared")
    ] = None
    cost_share: Annotated[
        AmountIn | None, Field(description="of a spin-off: the fraction of that cost, 0 to 1")
    ] = None
    counterpart: Annotated[
        str | None,
        Field(description="of a transfer: the id of the other portfolio, booked with it"),
    ] = None

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

    def to_draft(self, named: ActivityNames, *, now: datetime) -> ActivityDraft:
        """What happened without saying when, happened now."""
        return ActivityDraft(
            kind=self.kind,
            occurred_at=self.occurred_at or now,
            instrument=named.instrument,
            quantity=self.quantity,
            unit_price=self.unit_price,
            amount=self.amount,
            fees=self.fees or ZERO,
            taxes=self.taxes or ZERO,
            currency=self.currency or "",
            exchange_rate=self.exchange_rate,
            external_id=self.external_id or "",
            note=self.note,
            ratio_from=self.ratio_from,
            ratio_to=self.ratio_to,
            lots=tuple(lot.to_fact() for lot in self.lots),
            source_instrument=named.source_instrument,
            cost_share=self.cost_share,
            counterpart=named.counterpart,
        )


class ActivityBatchIn(SchemaIn):
    """Activities as `POST /portfolios/{id}/activities` takes them; all are booked, or none."""

    activities: Annotated[list[ActivityIn], Field(min_length=1, max_length=BATCH_MAXIMUM)]


class ActivityLotOut(SchemaOut):
    lot_id: UUID | None
    quantity: NumberOut
    cost: NumberOut | None
    opened_at: datetime | None

    @classmethod
    def from_fact(cls, fact: LotFact) -> Self:
        return cls(**attributes(fact, cls.model_fields))


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
    ratio_from: NumberOut | None
    ratio_to: NumberOut | None
    from_symbol: str | None
    cost_share: NumberOut | None
    lots: list[ActivityLotOut]
    found_quantity: Annotated[
        NumberOut | None, Field(description="units held, where fewer were held than it needs")
    ]
    missing_quantity: Annotated[
        NumberOut | None, Field(description="units whose acquisition nobody recorded")
    ]
    is_reversed: bool

    @classmethod
    def from_row(cls, row: EntryRow) -> Self:
        return cls(**activity_facts(row, cls.model_fields))


def activity_facts(row: EntryRow, names: Iterable[str]) -> dict[str, Any]:
    lots = [ActivityLotOut.from_fact(fact) for fact in row.lots]
    return attributes(row, set(names) - {"lots"}) | {"lots": lots}


class ActivityBatchOut(SchemaOut):
    items: list[ActivityOut]


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
        return cls(**activity_facts(row, names), postings=postings)


class EntryList(SchemaOut):
    items: list[EntryOut]
    next_cursor: str | None
