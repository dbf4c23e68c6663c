"""Arrays of integers against the plain walk in decimals, and what a process keeps of prices."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.currencies.rate_intake import store_rates
from market.currencies.rate_sheets import PublishedRate
from market.models import Bar
from market.signals import daily_bars_changed
from portfolio.bookkeeping.amounts import EXACT, ten_places
from portfolio.models import PositionValuation
from portfolio.position_days import exact_integers, series_cache
from portfolio.position_days.day_table import DayTable
from portfolio.position_days.exact_integers import Scaled
from portfolio.position_days.instrument_days import InstrumentDay, InstrumentDays
from portfolio.position_days.lines import LineWriter
from portfolio.position_days.series_cache import RECENT, SeriesCache
from portfolio.position_days.vectors import position_worths, value_table
from portfolio.position_days.walk import copied, value_positions
from portfolio.valuation import refresh_valuations
from portfolio.valuations.valuing import DayChange, Market, Priced, PriceSplit, value_days
from tests.factories import make_daily_bars, make_instrument, make_user
from tests.portfolio.factories import draft_trade, make_tracked, post

FIRST = date(2026, 1, 5)
DAYS = 20
OWNER = UUID(int=7)

days = st.integers(0, DAYS - 1)
units = st.one_of(st.decimals("-1000", "1000", places=2), st.decimals("-1E5", "1E5", places=10))
prices = st.one_of(st.decimals("0.01", "5000", places=2), st.decimals("1E-8", "1E6", places=8))
rates = st.one_of(st.decimals("0.5", "2", places=4), st.decimals("1E-12", "10000", places=12))
splits = st.builds(
    PriceSplit,
    ex_date=days.map(lambda day: FIRST + timedelta(days=day)),
    factor=st.sampled_from([Decimal(2), Decimal(1) / 8, EXACT.divide(Decimal(1), Decimal(3))]),
    is_in_history=st.booleans(),
)


@st.composite
def markets(draw: st.DrawFn) -> tuple[Callable[[], Market], DayTable]:
    """The same prices and rates twice: as the walk asks for them, and as arrays."""
    closes = {
        key: sorted(
            (FIRST + timedelta(days=day), close)
            for day, close in draw(st.dictionaries(days, prices, max_size=6)).items()
        )
        for key in (1, 2, 3)
    }
    priced = {
        1: Priced("USD", tuple(draw(st.lists(splits, max_size=2)))),
        2: Priced("EUR", tuple(draw(st.lists(splits, max_size=1)))),
        3: Priced("EUR"),
    }
    known = draw(st.dictionaries(days, rates, max_size=DAYS))
    by_day = {"EUR": {FIRST + timedelta(days=day): rate for day, rate in known.items()}}
    every = [FIRST + timedelta(days=number) for number in range(DAYS)]

    def market() -> Market:
        return Market(closes, priced, by_day, "USD")

    table = DayTable(
        start=FIRST,
        end=every[-1],
        currency="USD",
        priced=priced,
        prices={
            key: Scaled.of(prices_by_day(market(), key, every), most_places=10) for key in closes
        },
        rates={"EUR": Scaled.of([by_day["EUR"].get(day) for day in every])},
    )
    return market, table


def prices_by_day(market: Market, key: int, every: list[date]) -> list[Decimal | None]:
    found = []
    for day in every:
        market.day = day
        found.append(market.price_of(key))
    return found


steps = st.lists(st.tuples(st.integers(-5, DAYS - 1), st.integers(1, 3), units), max_size=8)


def changes_of(told: list[tuple[int, int, Decimal]]) -> dict[date, DayChange]:
    changes: dict[date, DayChange] = {}
    for day, key, quantity in told:
        change = changes.setdefault(FIRST + timedelta(days=day), DayChange())
        change.units[key] = change.units.get(key, Decimal(0)) + quantity
        change.cash["EUR" if key == 2 else "USD"] = -quantity
        change.cost += quantity
    return changes


def instrument_days(changes: Mapping[date, DayChange]) -> dict[int, InstrumentDays]:
    found: dict[int, InstrumentDays] = {}
    for day, change in changes.items():
        for key, quantity in change.units.items():
            of_day = InstrumentDay(units=quantity, cost=quantity, local_cost=quantity / 4)
            of_day.add(quantity)
            found.setdefault(key, InstrumentDays()).days[day] = of_day
    return found


@given(both=markets(), told=steps)
def test_arrays_and_the_walk_agree_to_the_last_place(
    both: tuple[Callable[[], Market], DayTable], told: list[tuple[int, int, Decimal]]
) -> None:
    market, table = both
    changes = changes_of(told)
    worths = position_worths(table, changes)
    start = FIRST + timedelta(days=3)
    walked = value_days(changes, market(), start=start, through=table.end)
    assert list(value_table(table, changes, worths, start=start)) == list(walked)
    moved = instrument_days(changes)
    lines = [line for _, rows in LineWriter(OWNER, table).lines(worths, moved) for line in rows]
    expected = value_positions(moved, market(), start=FIRST, through=table.end)
    assert lines == [copied(OWNER, day) for day in expected]


numbers = st.decimals("-1E8", "1E8", places=6)


@given(st.lists(st.tuples(numbers, prices, rates), min_size=1, max_size=5))
def test_products_are_rounded_once_and_half_even(
    rows: list[tuple[Decimal, Decimal, Decimal]],
) -> None:
    held, priced, rated = (Scaled.of(column) for column in zip(*rows, strict=True))
    found = exact_integers.worth(held, priced, rated)
    for number, (one, price, rate) in zip(found.tolist(), rows, strict=True):
        exact = ten_places(EXACT.multiply(EXACT.multiply(one, price), rate))
        assert Decimal(number).scaleb(-10, context=EXACT) == exact


@pytest.mark.parametrize(
    ("left", "right", "places", "expected"),
    [
        pytest.param(25, 1, 11, 2, id="a half goes to the even number below"),
        pytest.param(35, 1, 11, 4, id="or above"),
        pytest.param(-25, 1, 11, -2, id="and so below zero"),
        pytest.param(4 * 10**18 + 5, 10**12, 22, 4 * 10**18 + 5, id="needs 128 bits"),
        pytest.param(3_000_000_005, 3 * 10**9 + 5, 12, 90_000_000_300_000_000, id="just 64"),
        pytest.param(10**30, 10**30, 12, 10**58, id="beyond any array"),
    ],
)
def test_a_product_of_numbers(left: int, right: int, places: int, expected: int) -> None:
    one, other = exact_integers.integers([left]), exact_integers.integers([right])
    assert exact_integers.ten_places(one, other, places=places).tolist() == [expected]


def read(cache: SeriesCache[str], revision: UUID, *, through: date) -> tuple[Scaled, list[date]]:
    """What a cache gives of a series that counts days, and the days that it had to read."""
    asked: list[date] = []

    def load(keys: object, start: date, end: date) -> dict[str, list[Decimal | None]]:
        every = [start + timedelta(days=number) for number in range((end - start).days + 1)]
        asked.extend(every)
        return {"a": [Decimal((day - FIRST).days) for day in every]}

    found = cache.read({"a": revision}, load, start=FIRST, end=through)
    return found["a"], asked


def test_only_recent_days_are_read_again() -> None:
    cache, revision = SeriesCache[str](most_places=10), uuid4()
    through = FIRST + timedelta(days=99)
    first, asked = read(cache, revision, through=through)
    assert len(asked) == 100
    again, asked = read(cache, revision, through=through)
    assert asked == [through - RECENT + timedelta(days=1 + day) for day in range(RECENT.days)]
    assert again.numbers.tolist() == first.numbers.tolist() == list(range(100))
    _, asked = read(cache, uuid4(), through=through)
    assert len(asked) == 100


def test_a_store_that_is_full_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(series_cache, "SERIES_KEPT", 1)
    cache = SeriesCache[str](most_places=10)
    through = FIRST + timedelta(days=99)
    read(cache, uuid4(), through=through)
    cache.kept["b"] = cache.kept["a"]
    read(cache, uuid4(), through=through)
    assert list(cache.kept) == ["a"]


@pytest.mark.django_db
def test_a_bar_that_was_corrected_is_seen_by_who_kept_the_old_one() -> None:
    portfolio, apple = make_tracked(make_user()), make_instrument("AAPL")
    make_daily_bars(apple, [100] * 90)
    post(draft_trade(portfolio, apple, quantity="5"))
    through = FIRST + timedelta(days=80)
    refresh_valuations(portfolio.id, through)
    old = FIRST + timedelta(days=10)
    opened_at = datetime(2026, 1, 15, 5, tzinfo=UTC)
    assert Bar.objects.filter(instrument=apple, opened_at=opened_at).update(close=90, low=90)
    daily_bars_changed.send(sender=Bar, first_dates={apple.id: old})
    refresh_valuations(portfolio.id, through)
    values = PositionValuation.objects.order_by("date").values_list("date", "market_value")
    assert {day: value for day, value in values if value != 500} == {old: Decimal(450)}


@pytest.mark.django_db
def test_rates_that_came_are_seen_by_who_had_none() -> None:
    portfolio, apple = make_tracked(make_user()), make_instrument("AAPL")
    type(apple).objects.filter(id=apple.id).update(currency="EUR")
    make_daily_bars(apple, [100] * 90)
    post(draft_trade(portfolio, apple, quantity="5"))
    through = FIRST + timedelta(days=80)
    refresh_valuations(portfolio.id, through)
    assert not PositionValuation.objects.filter(rate__isnull=False).exists()
    every = [FIRST + timedelta(days=day) for day in range(-7, 82)]
    store_rates(
        [PublishedRate("USD", day, Decimal("1.25")) for day in every],
        source="ecb",
        is_authoritative=True,
        recorded_at=datetime(2026, 4, 1, tzinfo=UTC),
    )
    portfolio.valuations_stale_from = FIRST
    portfolio.save(update_fields=["valuations_stale_from"])
    refresh_valuations(portfolio.id, through)
    assert set(PositionValuation.objects.values_list("market_value", flat=True)) == {Decimal(625)}
