"""Dividends and splits as programs send and get them."""

import datetime as dt
from decimal import Decimal
from typing import Annotated, Any, Final, Self
from uuid import UUID

from pydantic import ConfigDict, Field

from accounts.exact_json import PriceIn
from accounts.schemas import PageIn, SchemaIn, SchemaOut
from market.corporate_actions.facts import ActionFacts
from market.models import CorporateAction
from market.models.corporate_actions import ActionKind
from market.schemas import NumberOut

NEVER_EMPTY: Final = frozenset({"kind", "ex_date", "currency", "is_in_history"})


class ActionsWanted(PageIn):
    start: Annotated[dt.date | None, Field(description="ex-date from, included")] = None
    end: Annotated[dt.date | None, Field(description="ex-date to, included")] = None


class CorporateActionIn(SchemaIn):
    """A dividend with its amount, or a split of `ratio_from` shares into `ratio_to`."""

    kind: ActionKind
    ex_date: dt.date
    pay_date: dt.date | None = None
    amount_per_share: PriceIn | None = None
    currency: Annotated[str, Field(description="the instrument's where left out")] = ""
    ratio_from: int | None = None
    ratio_to: int | None = None
    is_in_history: Annotated[
        bool, Field(description="of a split: stored prices before it are divided already")
    ] = False

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"kind": "dividend", "ex_date": "2026-02-09", "amount_per_share": "0.26"}
        }
    )

    def to_facts(self, *, currency: str) -> ActionFacts:
        amount: Decimal | None = self.amount_per_share
        return ActionFacts(
            kind=self.kind,
            ex_date=self.ex_date,
            pay_date=self.pay_date,
            amount_per_share=amount,
            currency=self.currency or (currency if self.kind.is_dividend else ""),
            ratio_from=self.ratio_from,
            ratio_to=self.ratio_to,
            is_in_history=self.is_in_history,
        )


class CorporateActionPatch(SchemaIn):
    """Fields left out stay. A dividend cannot become a split."""

    kind: ActionKind | None = None
    ex_date: dt.date | None = None
    pay_date: dt.date | None = None
    amount_per_share: PriceIn | None = None
    currency: str | None = None
    ratio_from: int | None = None
    ratio_to: int | None = None
    is_in_history: bool | None = None

    model_config = ConfigDict(json_schema_extra={"example": {"amount_per_share": "0.27"}})

    def to_changes(self) -> dict[str, Any]:
        """The fields that were sent; null empties what may be empty, and else leaves it."""
        sent = self.model_dump(exclude_unset=True)
        return {
            name: value
            for name, value in sent.items()
            if value is not None or name not in NEVER_EMPTY
        }


class CorporateActionOut(SchemaOut):
    id: UUID
    symbol: str
    kind: str
    ex_date: dt.date
    pay_date: dt.date | None
    amount_per_share: NumberOut | None
    currency: str | None
    ratio_from: int | None
    ratio_to: int | None
    is_in_history: bool
    version: Annotated[int, Field(description="more than 1: it was corrected")]
    source: str
    recorded_at: dt.datetime
    changed_at: dt.datetime

    @classmethod
    def from_action(cls, action: CorporateAction) -> Self:
        return cls(
            id=action.id,
            symbol=action.instrument.symbol,
            kind=action.kind,
            ex_date=action.ex_date,
            pay_date=action.pay_date,
            amount_per_share=action.amount_per_share,
            currency=action.currency or None,
            ratio_from=action.ratio_from,
            ratio_to=action.ratio_to,
            is_in_history=action.is_in_history,
            version=action.version,
            source=action.source,
            recorded_at=action.recorded_at,
            changed_at=action.changed_at,
        )


class CorporateActionList(SchemaOut):
    """Ascending by `ex_date`."""

    items: list[CorporateActionOut]
    next_cursor: str | None
