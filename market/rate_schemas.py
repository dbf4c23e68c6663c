"""Exchange rates as programs ask for and get them."""

import datetime as dt
from typing import Annotated, Self

from pydantic import Field

from accounts.schemas import PageIn, SchemaOut
from market.currencies.cross_rates import ExchangeRate, Gap
from market.currencies.currency_units import MINOR_UNITS, NAMES
from market.currencies.exchange_rates import KnownCurrency
from market.schemas import Currency, NumberOut


class RatesWanted(PageIn):
    """One date, or a span of days; without either, today."""

    base: Annotated[Currency, Field(description="what one unit of is worth something")]
    quote: Annotated[Currency, Field(description="in what it is worth")]
    date: Annotated[dt.date | None, Field(description="of one day")] = None
    start: Annotated[dt.date | None, Field(description="first day of a span")] = None
    end: Annotated[dt.date | None, Field(description="last day of a span, today by default")] = None


class ExchangeRateOut(SchemaOut):
    """How many of `quote` one of `base` is. Where `rate` is null, `reason` says why."""

    base: str
    quote: str
    date: dt.date
    rate: NumberOut | None
    rate_date: Annotated[dt.date | None, Field(description="the day it was published")]
    basis: Annotated[str | None, Field(description="published, carried, outdated or fixed")]
    age_days: int | None
    reason: Annotated[str | None, Field(description="no_rates or too_old")]

    @classmethod
    def from_rate(cls, base: str, quote: str, on_date: dt.date, found: ExchangeRate | Gap) -> Self:
        rate = None if isinstance(found, Gap) else found
        return cls(
            base=base,
            quote=quote,
            date=on_date,
            rate=None if rate is None else rate.rate,
            rate_date=None if rate is None else rate.dated_on,
            basis=None if rate is None else rate.basis.value,
            age_days=None if rate is None else rate.age_days,
            reason=found.value if isinstance(found, Gap) else None,
        )


class ExchangeRateList(SchemaOut):
    """Ascending by `date`."""

    items: list[ExchangeRateOut]
    next_cursor: str | None


class CurrencyOut(SchemaOut):
    """A currency and the days of its first and newest rate; the euro has none of its own."""

    code: str
    name: str
    hundredth_of: Annotated[str | None, Field(description="GBP for GBX: 100 GBX are 1 GBP")]
    first_date: dt.date | None
    latest_date: dt.date | None

    @classmethod
    def from_currency(cls, known: KnownCurrency) -> Self:
        return cls(
            code=known.code,
            name=NAMES.get(known.code, known.code),
            hundredth_of=MINOR_UNITS.get(known.code),
            first_date=known.first_date,
            latest_date=known.newest_date,
        )


class CurrencyList(SchemaOut):
    items: list[CurrencyOut]
    next_cursor: str | None
