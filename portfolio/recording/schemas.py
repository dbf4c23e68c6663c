"""Activities and the journal behind them as programs send and get them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any, Final, Self
from uuid import UUID

from django.conf import settings
from pydantic import ConfigDict, Field

from accounts.exact_json import AmountIn, MomentIn, PriceIn
from accounts.schemas import FormatIn, PageIn, SchemaIn, SchemaOut
from market.schemas import NumberOut, Symbol
from portfolio.bookkeeping.amounts import ZERO, product
from portfolio.bookkeeping.drafts import LotFact
from portfolio.bookkeeping.entry_search import WORDS_MAXIMUM
from portfolio.bookkeeping.journal import EntryRow, PostingRow
from portfolio.recording.activity_names import ActivityNames
from portfolio.recording.activity_rules import LOTS_MAXIMUM, ActivityDraft
from portfolio.schemas import attributes

BATCH_MAXIMUM: Final = settings.LIMITS.activities_per_batch


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


class EntriesWanted(PageIn):
    """Of a portfolio's activities, or of its journal."""

    kind: Annotated[
        str | None,
        Field(
            description="a kind, or several with commas",
            max_length=200,
            examples=["buy,sell"],
        ),
    ] = None
    symbol: Annotated[
        Symbol | None,
        Field(description="of this instrument; of a spin-off, either of the two"),
    ] = None
    start: Annotated[MomentIn | None, Field(description="happened from this moment on")] = None
    end: Annotated[MomentIn | None, Field(description="happened before this moment")] = None
    search: Annotated[
        str | None, Field(max_length=WORDS_MAXIMUM, description="in the note or the external id")
    ] = None
    format: FormatIn = None


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
