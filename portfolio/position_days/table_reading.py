"""The table of a portfolio's prices and rates, read as far as this process does not have it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Final

from market import queries as market_queries
from portfolio.models import Portfolio
from portfolio.position_days.day_table import DayTable
from portfolio.position_days.exact_integers import PLACES, PLACES_MAXIMUM
from portfolio.position_days.revisions import RATES, price_series, revisions
from portfolio.position_days.series_cache import SeriesCache, Values
from portfolio.valuations.reading import rates_into, what_was_held
from portfolio.valuations.valuing import CARRY_DAYS, ONE_DAY, DayChange, Market, Priced

# What is read at once, so that closes do not fill the memory before they are arrays.
INSTRUMENTS_A_READ: Final = 50

Currencies = tuple[str, str]  # of what, in which
PRICES: Final[SeriesCache[int]] = SeriesCache(most_places=PLACES)
EXCHANGE_RATES: Final[SeriesCache[Currencies]] = SeriesCache(most_places=PLACES_MAXIMUM)


def read_table(
    portfolio: Portfolio,
    changes: Mapping[date, DayChange],
    *,
    start: date,
    through: date,
    is_anew: bool = False,
) -> DayTable:
    """Prices and rates of all that was ever held, as far as possible those this process has.

    Needs a transaction that may write. ``is_anew`` reads all of them again.
    """
    priced, currencies = what_was_held(changes)
    pairs = [(one, portfolio.currency) for one in sorted(currencies - {portfolio.currency})]
    known = revisions([RATES, *map(price_series, priced)])
    span = {"start": start, "end": through}
    prices = PRICES.read(
        {key: known[price_series(key)] for key in priced},
        partial(load_prices, priced),
        **span,
        is_anew=is_anew,
    )
    rates = EXCHANGE_RATES.read(
        dict.fromkeys(pairs, known[RATES]), load_rates, **span, is_anew=is_anew
    )
    by_currency = {code: series for (code, _), series in rates.items()}
    return DayTable(start, through, portfolio.currency, priced, prices, by_currency)


def load_prices(
    priced: Mapping[int, Priced], ids: Sequence[int], start: date, end: date
) -> dict[int, Values]:
    """Of units as they were on each day; one query for every fifty instruments."""
    found: dict[int, Values] = {}
    days = [start + ONE_DAY * index for index in range((end - start).days + 1)]
    for place in range(0, len(ids), INSTRUMENTS_A_READ):
        some = ids[place : place + INSTRUMENTS_A_READ]
        closes = market_queries.daily_closes(
            some, start=start - timedelta(days=CARRY_DAYS), end=end
        )
        market = Market(closes, priced, {}, "")
        for instrument_id in some:
            found[instrument_id] = list(prices_of(market, instrument_id, days))
    return found


def prices_of(market: Market, instrument_id: int, days: Sequence[date]) -> Iterator[Decimal | None]:
    for day in days:
        market.day = day
        yield market.price_of(instrument_id)


def load_rates(pairs: Sequence[Currencies], start: date, end: date) -> dict[Currencies, Values]:
    days = [start + ONE_DAY * index for index in range((end - start).days + 1)]
    found: dict[Currencies, Values] = {}
    for into in sorted({pair[1] for pair in pairs}):
        codes = [pair[0] for pair in pairs if pair[1] == into]
        rates = rates_into(into, codes, start=start, through=end)
        found |= {(code, into): [rates[code].get(day) for day in days] for code in codes}
    return found
