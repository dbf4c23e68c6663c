"""The table of a portfolio's prices and rates, read as far as this process does not have it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import partial
from typing import Final

import numpy as np

from market.series.close_arrays import CLOSE_PLACES, CloseArray, close_arrays
from portfolio.models import Portfolio
from portfolio.position_days.books import Books
from portfolio.position_days.day_table import DayTable
from portfolio.position_days.exact_integers import PLACES, Scaled, in_lowest_terms
from portfolio.position_days.revisions import RATES, price_series, revisions
from portfolio.position_days.series_cache import SeriesCache
from portfolio.valuations.reading import rates_into, what_was_held
from portfolio.valuations.valuing import CARRY_DAYS, ONE_DAY, Market, Priced

# What is read at once, so that closes do not fill the memory before they are arrays.
INSTRUMENTS_A_READ: Final = 50

Currencies = tuple[str, str]  # of what, in which
PRICES: Final[SeriesCache[int]] = SeriesCache()
EXCHANGE_RATES: Final[SeriesCache[Currencies]] = SeriesCache()
NO_CLOSES: Final = CloseArray.of([])


def read_table(
    portfolio: Portfolio,
    books: Books,
    *,
    start: date,
    through: date,
    is_anew: bool = False,
) -> DayTable:
    """Prices and rates of all that was ever held, as far as possible those this process has.

    Needs a transaction that may write. ``is_anew`` reads all of them again.
    """
    priced, currencies = what_was_held(books.held, books.currencies)
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
) -> dict[int, Scaled]:
    """Of units as they were on each day; one query for every fifty instruments."""
    found: dict[int, Scaled] = {}
    for place in range(0, len(ids), INSTRUMENTS_A_READ):
        some = ids[place : place + INSTRUMENTS_A_READ]
        closes = close_arrays(some, start=start - timedelta(days=CARRY_DAYS), end=end)
        for key in some:
            found[key] = prices_of(closes.get(key, NO_CLOSES), priced[key], start, end)
    return found


def prices_of(closes: CloseArray, priced: Priced, start: date, end: date) -> Scaled:
    """The price of a unit of each day, as ``Market`` finds it."""
    if not priced.splits:
        return carried(closes, start, end)
    # Splits make quotients of any length, so they are worked out day by day.
    market = Market({0: closes.decimals()}, {0: priced}, {}, "")
    values = []
    for day in days_between(start, end):
        market.day = day
        values.append(market.price_of(0))
    return Scaled.of(values, most_places=PLACES)


def carried(closes: CloseArray, start: date, end: date) -> Scaled:
    """Each day the newest close so far, while it is not too old to stand for the day."""
    days = np.arange(start.toordinal(), end.toordinal() + 1)
    if not len(closes.days):
        return Scaled(np.zeros(len(days), np.int64), 0, np.zeros(len(days), np.bool_))
    newest = np.searchsorted(closes.days, days, side="right") - 1
    at = np.maximum(newest, 0)
    known = (newest >= 0) & (days - closes.days[at] <= CARRY_DAYS)
    numbers = np.where(known, closes.numbers[at], 0)
    return Scaled(*in_lowest_terms(numbers, CLOSE_PLACES), known)


def load_rates(pairs: Sequence[Currencies], start: date, end: date) -> dict[Currencies, Scaled]:
    days = list(days_between(start, end))
    found: dict[Currencies, Scaled] = {}
    for into in sorted({pair[1] for pair in pairs}):
        codes = [pair[0] for pair in pairs if pair[1] == into]
        rates = rates_into(into, codes, start=start, through=end)
        for code in codes:
            found[code, into] = Scaled.of([rates[code].get(day) for day in days])
    return found


def days_between(start: date, end: date) -> Iterator[date]:
    """Both included."""
    return (start + ONE_DAY * index for index in range((end - start).days + 1))
