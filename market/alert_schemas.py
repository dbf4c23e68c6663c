"""Alerts as programs send and get them."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import ConfigDict, Field

from accounts.exact_json import PriceIn
from accounts.schemas import PageIn, SchemaIn, SchemaOut
from market.alerts.kinds import AlertKind, AlertStatus, Direction
from market.alerts.standings import Standing
from market.alerts.terms import (
    DEFAULT_COOLDOWN_SECONDS,
    AlertTerms,
    Condition,
    condition_words,
)
from market.models import AlertTrigger
from market.schemas import NumberOut, Symbol
from market.values import Interval

Threshold = Annotated[
    PriceIn, Field(description="a price in the instrument's currency, or percent: 5 is 5 %")
]
Bars = Annotated[int, Field(description="bars of the indicator")]
FastBars = Annotated[int, Field(description="bars of the average that crosses; 1 is the price")]
Cooldown = Annotated[
    int, Field(description="of a repeating alert: how long it rests after it has fired")
]
CONDITION_FIELDS = frozenset(
    {"threshold", "direction", "interval", "length", "fast_length", "portfolio_id"}
)


class AlertIn(SchemaIn):
    symbol: Symbol
    kind: AlertKind
    threshold: Threshold | None = None
    direction: Annotated[
        Direction | None, Field(description="of sma_cross only; above unless said otherwise")
    ] = None
    interval: Annotated[Interval | None, Field(description="length of a bar, 1m to 1d")] = None
    length: Bars | None = None
    fast_length: FastBars | None = None
    portfolio_id: UUID | None = None
    repeats: bool = False
    cooldown_seconds: Cooldown = DEFAULT_COOLDOWN_SECONDS
    note: str = ""

    model_config = ConfigDict(
        json_schema_extra={"example": {"symbol": "AAPL", "kind": "price_above", "threshold": "320"}}
    )

    def to_terms(self) -> AlertTerms:
        condition = {name: getattr(self, name) for name in CONDITION_FIELDS}
        return AlertTerms(
            condition=Condition(kind=self.kind, **condition),
            repeats=self.repeats,
            cooldown_seconds=self.cooldown_seconds,
            note=self.note,
        )


class AlertChangeIn(SchemaIn):
    """What is left out stays as it is; kind and instrument always do."""

    threshold: Threshold | None = None
    direction: Direction | None = None
    interval: Interval | None = None
    length: Bars | None = None
    fast_length: FastBars | None = None
    portfolio_id: UUID | None = None
    repeats: bool | None = None
    cooldown_seconds: Cooldown | None = None
    note: str | None = None

    model_config = ConfigDict(json_schema_extra={"example": {"threshold": "325", "repeats": True}})

    def apply_to(self, terms: AlertTerms) -> AlertTerms:
        given: dict[str, Any] = {
            name: value
            for name in self.model_fields_set
            if (value := getattr(self, name)) is not None
        }
        condition = {name: given.pop(name) for name in CONDITION_FIELDS & given.keys()}
        return replace(terms, condition=replace(terms.condition, **condition), **given)


class AlertsAsked(PageIn):
    status: AlertStatus | None = None
    symbol: Symbol | None = None


class TriggersAsked(PageIn):
    alert_id: UUID | None = None
    symbol: Symbol | None = None


class AlertOut(SchemaOut):
    """`level` is the price that meets the condition now; `distance` is from the price to it."""

    id: UUID
    symbol: str
    exchange: str
    kind: str
    condition: Annotated[str, Field(description="in words")]
    threshold: NumberOut | None
    direction: str
    interval: str | None
    length: int | None
    fast_length: int | None
    portfolio_id: UUID | None
    repeats: bool
    cooldown_seconds: int
    note: str
    status: str
    level: NumberOut | None
    last: NumberOut | None
    distance: NumberOut | None
    distance_pct: NumberOut | None
    trigger_count: int
    latest_trigger_at: datetime | None
    created_at: datetime
    changed_at: datetime

    @classmethod
    def from_standing(cls, standing: Standing) -> Self:
        alert = standing.alert
        names = ("id", "kind", "threshold", "direction", "length", "fast_length", "portfolio_id")
        facts = {name: getattr(alert, name) for name in names}
        more = ("repeats", "cooldown_seconds", "note", "status", "trigger_count")
        facts |= {name: getattr(alert, name) for name in more}
        return cls(
            **facts,
            symbol=alert.instrument.symbol,
            exchange=alert.instrument.exchange_id,
            condition=condition_words(alert.waited_for),
            interval=alert.interval or None,
            level=None if standing.level is None else rounded(standing.level),
            last=None if standing.quote is None else standing.quote.last,
            distance=standing.distance,
            distance_pct=standing.distance_pct,
            latest_trigger_at=alert.latest_trigger_at,
            created_at=alert.created_at,
            changed_at=alert.changed_at,
        )


class AlertList(SchemaOut):
    items: list[AlertOut]
    next_cursor: str | None


class AlertTriggerOut(SchemaOut):
    """That an alert fired: at `price`, the first to reach `level`."""

    id: UUID
    alert_id: UUID
    number: Annotated[int, Field(description="1 for the alert's first")]
    symbol: str
    exchange: str
    kind: str
    condition: str
    note: str
    level: NumberOut
    price: NumberOut
    occurred_at: datetime
    recorded_at: datetime

    @classmethod
    def from_trigger(cls, trigger: AlertTrigger) -> Self:
        names = set(cls.model_fields) - {"symbol", "exchange"}
        facts = {name: getattr(trigger, name) for name in names}
        instrument = trigger.instrument
        return cls(**facts, symbol=instrument.symbol, exchange=instrument.exchange_id)


class AlertTriggerList(SchemaOut):
    items: list[AlertTriggerOut]
    next_cursor: str | None


def rounded(level: Decimal) -> Decimal:
    """An indicator's level has no end of places; four tell it."""
    return level.quantize(Decimal("0.0001"))
