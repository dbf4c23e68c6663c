"""The table of a portfolio's prices and rates, read as far as this process does not have it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import partial
from typing import Final
from uuid import UUID

import numpy as np

from market.series.close_arrays import CLOSE_PLACES, CloseArray, close_arrays
from portfolio.models import Portfolio
from portfolio.position_days.books import Books
from portfolio.position_days.day_table import DayTable
from portfolio.position_days.exact_integers import PLACES, Scaled, in_lowest_terms
from portfolio.position_days.recent_closes import NO_CLOSES, RecentCloses
from portfolio.position_days.revisions import RATES, price_series, revisions
from portfolio.position_days.series_cache import SeriesCache
from portfolio.position_days.stretches import stretches
from portfolio.valuations.reading import rates_into, what_was_held
from portfolio.valuations.valuing import CARRY_DAYS, ONE_DAY, Market, Priced

# What is read at once, so that closes do not fill the memory before they are arrays: those of
# fifty instruments over twelve years, or of thousands over a month.
CLOSES_A_READ: Final = 220_000

Currencies = tuple[str, str]  # of what, in which
PRICES: Final[SeriesCache[int]] = SeriesCache()
EXCHANGE_RATES: Final[SeriesCache[Currencies]] = SeriesCache()
RECENT_CLOSES: Final = RecentCloses()
# Before the first close.
NEVER: Final = np.array([-CARRY_DAYS])
NO_PRICE: Final = np.array([0])


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
    of_prices = {key: known[price_series(key)] for key in priced}
    prices = PRICES.read(
        of_prices,
        partial(load_prices, priced),
        start=start,
        end=through,
        load_recent=partial(load_recent_prices, priced, of_prices, is_anew=is_anew),
        is_anew=is_anew,
    )
    rates = EXCHANGE_RATES.read(
        dict.fromkeys(pairs, known[RATES]),
        load_rates,
        start=start,
        end=through,
        is_anew=is_anew,
    )
    by_currency = {code: series for (code, _), series in rates.items()}
    return DayTable(start, through, portfolio.currency, priced, prices, by_currency)


def load_prices(
    priced: Mapping[int, Priced], ids: Sequence[int], start: date, end: date
) -> dict[int, Scaled]:
    """Of units as they were on each day; one query for as many as fit the memory."""
    found: dict[int, Scaled] = {}
    first = start - timedelta(days=CARRY_DAYS)
    at_once = max(1, CLOSES_A_READ // ((end - first).days + 1))
    for place in range(0, len(ids), at_once):
        some = ids[place : place + at_once]
        closes = close_arrays(some, start=first, end=end)
        found |= prices_of({key: closes.get(key, NO_CLOSES) for key in some}, priced, start, end)
    return found


def load_recent_prices(
    priced: Mapping[int, Priced],
    revisions: Mapping[int, UUID],
    ids: Sequence[int],
    start: date,
    end: date,
    *,
    is_anew: bool,
) -> dict[int, Scaled]:
    """The same of a few days, of which only their own closes are read every time."""
    wanted = {key: revisions[key] for key in ids}
    closes = RECENT_CLOSES.read(wanted, start=start, end=end, is_anew=is_anew)
    return prices_of(closes, priced, start, end)


def prices_of(
    closes: Mapping[int, CloseArray], priced: Mapping[int, Priced], start: date, end: date
) -> dict[int, Scaled]:
    """The price of a unit of each day by instrument, as ``Market`` finds it."""
    split = {key: one for key, one in closes.items() if priced[key].splits}
    plain = {key: one for key, one in closes.items() if key not in split}
    # Numbers beyond 64 bits would make Python's integers of those beside them.
    short = {key: one for key, one in plain.items() if one.numbers.dtype.kind != "O"}
    found = carried(short, start, end)
    for key in plain.keys() - short.keys():
        found |= carried({key: plain[key]}, start, end)
    return found | {key: split_prices(one, priced[key], start, end) for key, one in split.items()}


def split_prices(closes: CloseArray, priced: Priced, start: date, end: date) -> Scaled:
    """Splits make quotients of any length, so they are worked out day by day."""
    market = Market({0: closes.decimals()}, {0: priced}, {}, "")
    values = []
    for day in days_between(start, end):
        market.day = day
        values.append(market.price_of(0))
    return Scaled.of(values, most_places=PLACES)


def carried(closes: Mapping[int, CloseArray], start: date, end: date) -> dict[int, Scaled]:
    """Each day the newest close so far, while it is not too old to stand for the day."""
    if not closes:
        return {}
    first, count = start.toordinal(), (end - start).days + 1
    lengths = stretches([one.days for one in closes.values()], first=first, count=count)
    days = np.concatenate([part for one in closes.values() for part in (NEVER, one.days)])
    numbers = np.concatenate([part for one in closes.values() for part in (NO_PRICE, one.numbers)])
    age = np.arange(first, first + count) - np.repeat(days, lengths).reshape(-1, count)
    known = age <= CARRY_DAYS
    prices = np.where(known, np.repeat(numbers, lengths).reshape(-1, count), 0)
    divisors = np.gcd.reduce(prices, axis=1).tolist()
    most = np.maximum(prices.max(axis=1), -prices.min(axis=1)).tolist()
    found: dict[int, Scaled] = {}
    for row, key in enumerate(closes):
        # Copied, so that none keeps those beside it in the memory.
        numbers, places = in_lowest_terms(prices[row].copy(), CLOSE_PLACES, shared=divisors[row])
        bound = most[row] // 10 ** (CLOSE_PLACES - places)
        found[key] = Scaled(numbers, places, known[row].copy(), bound=bound)
    return found


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
