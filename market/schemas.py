"""Instruments, prices and calendars as programs send and get them."""

from collections import Counter
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema

from accounts.exact_json import PriceIn
from accounts.schemas import PageIn, SchemaIn, SchemaOut
from market.calendar import Session
from market.instruments.instrument_files import SYMBOL, ImportedInstruments
from market.instruments.provider_symbols import CHARACTERS, tidy
from market.models import Instrument
from market.models.instruments import AssetClass
from market.series.price_statistics import PriceStatistics
from market.values import plain

# A decimal leaves as text, without an exponent and needless zeros.
NumberOut = Annotated[
    Decimal,
    PlainSerializer(plain, return_type=str),
    WithJsonSchema({"type": "string", "format": "decimal", "examples": ["10.05"]}),
]
Symbol = Annotated[str, Field(min_length=1, max_length=29, examples=["AAPL"])]
Mic = Annotated[str, Field(pattern=r"^[A-Z0-9]{4}$", examples=["XNAS"])]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$", examples=["USD"])]
# Multiples of these keep price × quantity exact in the ledger.
TickSize = Annotated[PriceIn, Field(gt=0, decimal_places=4)]
LotSize = Annotated[PriceIn, Field(gt=0, decimal_places=6)]
ProviderSymbols = Annotated[
    str,
    Field(
        max_length=CHARACTERS,
        pattern=r"^([a-z0-9_]{1,20}=[A-Za-z0-9.\-^=/_:]{1,40}( |$))*$",
        description="what providers call it where it is not by our symbol",
        examples=["alpaca=BRK.B yahoo=BRK-B"],
    ),
    AfterValidator(tidy),
]
SYMBOLS_AT_ONCE = 500


class InstrumentOut(SchemaOut):
    id: UUID
    symbol: str
    name: str
    exchange: str
    currency: str
    asset_class: str
    isin: str
    country: str
    sector: str
    industry: str
    tick_size: NumberOut
    lot_size: NumberOut
    provider_symbols: str
    is_active: bool

    @classmethod
    def from_instrument(cls, instrument: Instrument) -> Self:
        return cls(
            id=instrument.public_id,
            symbol=instrument.symbol,
            name=instrument.name,
            exchange=instrument.exchange_id,
            currency=instrument.currency,
            asset_class=instrument.asset_class,
            isin=instrument.isin,
            country=instrument.country,
            sector=instrument.sector,
            industry=instrument.industry,
            tick_size=instrument.tick_size,
            lot_size=instrument.lot_size,
            provider_symbols=instrument.provider_symbols,
            is_active=instrument.is_active,
        )


class InstrumentList(SchemaOut):
    items: list[InstrumentOut]
    next_cursor: str | None


class InstrumentSearch(PageIn):
    search: Annotated[str | None, Field(max_length=100, description="symbol, name, ISIN")] = None
    sector: Annotated[str | None, Field(max_length=80)] = None
    exchange: Annotated[str | None, Field(max_length=4, description="MIC")] = None
    priced_from: Annotated[PriceIn | None, Field(description="latest price at least")] = None
    priced_to: Annotated[PriceIn | None, Field(description="latest price at most")] = None


class InstrumentIn(SchemaIn):
    symbol: Annotated[str, Field(pattern=f"^{SYMBOL.pattern}$")]
    name: Annotated[str, Field(min_length=1, max_length=160)]
    exchange: Mic
    currency: Currency
    asset_class: AssetClass = AssetClass.STOCK
    isin: Annotated[str, Field(pattern=r"^([A-Z]{2}[A-Z0-9]{9}[0-9])?$")] = ""
    country: Annotated[str, Field(pattern=r"^([A-Z]{2})?$")] = ""
    sector: Annotated[str, Field(max_length=80)] = ""
    industry: Annotated[str, Field(max_length=120)] = ""
    tick_size: TickSize = Decimal("0.01")
    lot_size: LotSize = Decimal(1)
    provider_symbols: ProviderSymbols = ""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "symbol": "ACME",
                "name": "Acme Corporation",
                "exchange": "XNAS",
                "currency": "USD",
            }
        }
    )


class InstrumentPatch(SchemaIn):
    """Fields left out stay. Where and in what it trades cannot change: its prices are of that."""

    name: Annotated[str, Field(min_length=1, max_length=160)] | None = None
    isin: Annotated[str, Field(pattern=r"^([A-Z]{2}[A-Z0-9]{9}[0-9])?$")] | None = None
    country: Annotated[str, Field(pattern=r"^([A-Z]{2})?$")] | None = None
    sector: Annotated[str, Field(max_length=80)] | None = None
    industry: Annotated[str, Field(max_length=120)] | None = None
    provider_symbols: ProviderSymbols | None = None
    is_active: bool | None = None


class InstrumentImportOut(SchemaOut):
    """What became of the rows of a file of instruments."""

    rows_read: int
    created: int
    changed: int
    unchanged: int

    @classmethod
    def from_import(cls, done: ImportedInstruments) -> Self:
        counts = Counter(one.outcome for one in done.outcomes)
        return cls(
            rows_read=done.read,
            created=counts["created"],
            changed=counts["changed"],
            unchanged=counts["unchanged"],
        )


class QuoteOut(SchemaOut):
    """Prices and sizes as texts; `change_pct` in percent: `"1.25"` is 1.25 %."""

    symbol: str
    bid: str | None
    bid_size: str | None
    ask: str | None
    ask_size: str | None
    last: str
    last_size: str | None
    previous_close: str | None
    change: str | None
    change_pct: str | None
    occurred_at: datetime
    is_stale: bool
    source: str


class QuoteList(SchemaOut):
    items: list[QuoteOut]
    next_cursor: str | None
    unpriced: Annotated[list[str], Field(description="asked for, and never had a price")]


class BarOut(SchemaOut):
    opened_at: datetime
    open: str
    high: str
    low: str
    close: str
    volume: str
    vwap: str | None
    count: int | None
    source: str


class BarList(SchemaOut):
    """Ascending by `opened_at`."""

    items: list[BarOut]
    next_cursor: str | None


class TickOut(SchemaOut):
    occurred_at: datetime
    price: NumberOut
    size: NumberOut
    source: str


class TickList(SchemaOut):
    items: list[TickOut]
    next_cursor: str | None


class StatisticsOut(SchemaOut):
    """Of daily bars. `annualised_volatility` is a fraction: `"0.25"` is 25 %."""

    symbol: str
    currency: str
    start: datetime | None
    end: datetime | None
    count: int
    min: NumberOut | None
    max: NumberOut | None
    mean: NumberOut | None
    stdev: NumberOut | None
    annualised_volatility: NumberOut | None
    vwap: NumberOut | None
    volume: NumberOut | None

    @classmethod
    def from_statistics(
        cls, instrument: Instrument, found: PriceStatistics, *, address: str
    ) -> Self:
        return cls(
            symbol=address,
            currency=instrument.currency,
            start=found.start,
            end=found.end,
            count=found.count,
            min=found.minimum,
            max=found.maximum,
            mean=found.mean,
            stdev=found.stdev,
            annualised_volatility=found.annualised_volatility,
            vwap=found.vwap,
            volume=found.volume,
        )


class ClockOut(SchemaOut):
    exchange: str
    at: datetime
    is_open: bool
    session_date: date
    opens_at: datetime
    closes_at: datetime


class SessionOut(SchemaOut):
    date: date
    opens_at: datetime
    closes_at: datetime

    @classmethod
    def from_session(cls, session: Session) -> Self:
        return cls(
            date=session.session_date, opens_at=session.opens_at, closes_at=session.closes_at
        )


class SessionList(SchemaOut):
    items: list[SessionOut]
    next_cursor: str | None
