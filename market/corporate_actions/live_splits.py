"""Live prices over splits: a quote of before one, made comparable with prices of after it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from django.db import connection

from market.corporate_actions.adjustment import ONE, Split
from market.corporate_actions.split_factors import factor_between, splits_of
from market.live.live_quotes import latest_quotes
from market.values import SIMULATED, QuoteValue

PLACES: Final = Decimal("0.00000001")
A_DAY: Final = timedelta(days=1)

NEXT_SPLIT: Final = """
    SELECT min(action.ex_date::timestamp AT TIME ZONE exchange.timezone)
    FROM market_corporateaction AS action
    JOIN market_instrument AS instrument ON instrument.id = action.instrument_id
    JOIN market_exchange AS exchange ON exchange.mic = instrument.exchange_id
    WHERE action.kind = 'split' AND action.cancelled_at IS NULL
      AND action.ex_date >= %(from_date)s
      AND action.ex_date::timestamp AT TIME ZONE exchange.timezone > %(after)s
"""


def comparable_quotes(instrument_ids: Collection[int], *, at: datetime) -> dict[int, QuoteValue]:
    """The newest quotes, last and previous close of those before a split in shares of now."""
    quotes = latest_quotes(instrument_ids)
    if not quotes:
        return {}
    oldest = min(quote.occurred_at for quote in quotes.values())
    splits = splits_of(list(quotes), since=_date_before(oldest))
    for number, found in splits.items():
        quotes[number] = over_splits(quotes[number], found, at=at)
    return quotes


def over_splits(quote: QuoteValue, splits: Iterable[Split], *, at: datetime) -> QuoteValue:
    """Its last and previous close in shares of a moment; itself where none of its splits counts."""
    factor = factor_between(
        splits, after=quote.occurred_at, until=at, is_as_traded=quote.source != SIMULATED
    )
    if factor == ONE:
        return quote
    close = quote.previous_close
    return replace(
        quote,
        last=times(quote.last, factor),
        previous_close=None if close is None else times(close, factor),
    )


def live_factors(
    instrument_ids: Collection[int], *, after: datetime, until: datetime
) -> dict[int, Decimal]:
    """By what splits between two moments multiply live prices; without those that stay."""
    splits = splits_of(instrument_ids, since=_date_before(after))
    quotes = latest_quotes(splits)
    factors = {
        number: factor_between(
            found,
            after=after,
            until=until,
            is_as_traded=number not in quotes or quotes[number].source != SIMULATED,
        )
        for number, found in splits.items()
    }
    return {number: factor for number, factor in factors.items() if factor != ONE}


def next_split_at(*, after: datetime) -> datetime | None:
    """When the next split takes effect, of whatever instrument; None where none is announced."""
    words = {"after": after, "from_date": _date_before(after)}
    with connection.cursor() as cursor:
        cursor.execute(NEXT_SPLIT, words)
        ((found,),) = cursor.fetchall()
    moment: datetime | None = found
    return moment


def times(price: Decimal, factor: Decimal) -> Decimal:
    """The price of a share after splits, to the places that prices are stored with."""
    return price if factor == ONE else (price * factor).quantize(PLACES)


def _date_before(moment: datetime) -> date:
    """A date that is over everywhere when the moment's begins anywhere."""
    return (moment - A_DAY).date()
