"""Arrays of integers, and the rows that are stored of them, against the plain walk in decimals."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from functools import reduce
from operator import xor
from struct import unpack_from
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.types.numeric import NumericBinaryLoader

from market.series.close_arrays import CloseArray
from portfolio.bookkeeping.amounts import EXACT, ten_places
from portfolio.position_days import exact_integers, month_digests
from portfolio.position_days.columns import ColumnMaker
from portfolio.position_days.copied_rows import numbers_as_fields
from portfolio.position_days.currency_effects import cost_effects
from portfolio.position_days.day_table import DayTable
from portfolio.position_days.exact_integers import Scaled
from portfolio.position_days.instrument_days import Earned, InstrumentDay, InstrumentDays, Moved
from portfolio.position_days.month_rows import Month, MonthDivider, PositionRows
from portfolio.position_days.portfolio_days import value_table
from portfolio.position_days.table_reading import prices_of
from portfolio.position_days.vectors import position_worths, unit_steps
from portfolio.position_days.walk import NULL, copied, value_positions
from portfolio.valuations.valuing import DayChange, Market, Priced, PriceSplit, value_days

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
        currency = "EUR" if key == 2 else "USD"
        change.cash[currency] = change.cash.get(currency, Decimal(0)) - quantity
        if currency == "EUR":
            change.booked -= quantity * 3
        change.cost += quantity
    return changes


def moved_of(changes: Mapping[date, DayChange]) -> Moved:
    earned = {
        day: Earned(income=change.cost, trade_fees=change.booked) for day, change in changes.items()
    }
    return Moved(instrument_days(changes), earned)


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
    worths = position_worths(table, unit_steps(changes))
    start = FIRST + timedelta(days=3)
    moved = moved_of(changes)
    effects = cost_effects(table, moved.instruments)
    valued = value_table(table, changes, worths, earned=moved.earned, effects=effects, start=start)
    walked = value_days(changes, moved, market(), start=start, through=table.end)
    assert list(valued) == list(walked)
    lines = [
        line
        for position in ColumnMaker(table, effects).positions(worths, moved.instruments)
        for line in lines_of(PositionRows(OWNER, table, position).part(0, len(position.places)))
    ]
    expected = value_positions(moved.instruments, market(), start=FIRST, through=table.end)
    assert lines == [copied(OWNER, day) for day in expected]


def lines_of(rows: bytes) -> Iterator[str]:
    """Rows of a binary COPY as ``walk.copied`` tells them."""
    numeric, place = NumericBinaryLoader(0), 0
    while place < len(rows):
        (count,) = unpack_from("!h", rows, place)
        place += 2
        fields: list[bytes | None] = []
        for _ in range(count):
            (length,) = unpack_from("!i", rows, place)
            place += 4
            fields.append(None if length < 0 else rows[place : place + length])
            place += max(length, 0)
        owner, instrument, day, *numbers, gap = fields
        assert owner is not None
        assert instrument is not None
        assert day is not None
        assert gap is not None
        told = [None if one is None else numeric.load(one) for one in numbers]
        texts = [
            NULL if one is None else f"{one:z.{20 if index == 2 else 10}f}"
            for index, one in enumerate(told)
        ]
        on = date(2000, 1, 1) + timedelta(days=int.from_bytes(day, signed=True))
        key = int.from_bytes(instrument)
        yield "\t".join([str(UUID(bytes=owner)), str(key), str(on), *texts, gap.decode()])


@given(both=markets(), told=steps, later=steps)
def test_months_that_are_stored_alike_have_one_digest(
    both: tuple[Callable[[], Market], DayTable],
    told: list[tuple[int, int, Decimal]],
    later: list[tuple[int, int, Decimal]],
) -> None:
    _, table = both
    first, second = (months_of(table, changes_of(one)) for one in (told, [*told, *later]))
    for month in first.keys() & second.keys():
        (digest, rows), (other_digest, other_rows) = first[month], second[month]
        assert (digest == other_digest) == (rows == other_rows)


@given(both=markets(), told=steps, later=steps)
def test_positions_that_are_stored_alike_have_one_digest(
    both: tuple[Callable[[], Market], DayTable],
    told: list[tuple[int, int, Decimal]],
    later: list[tuple[int, int, Decimal]],
) -> None:
    _, table = both
    first, second = (wholes_of(table, changes_of(one)) for one in (told, [*told, *later]))
    for instrument_id in first.keys() & second.keys():
        (digest, rows), (other_digest, other_rows) = first[instrument_id], second[instrument_id]
        assert (digest == other_digest) == (rows == other_rows)


def wholes_of(table: DayTable, changes: Mapping[date, DayChange]) -> dict[int, tuple[bytes, bytes]]:
    """Of each instrument what is told of all its months, which is what theirs come to."""
    found = {}
    worths = position_worths(table, unit_steps(changes))
    moved = instrument_days(changes)
    for position in ColumnMaker(table, cost_effects(table, moved)).positions(worths, moved):
        months = MonthDivider(table).months(position)
        digests = (int.from_bytes(one.digest) for one in months)
        assert int.from_bytes(months.digest) == reduce(xor, digests, 0)
        rows = PositionRows(OWNER, table, position).part(0, len(position.places))
        found[position.instrument_id] = (months.digest, rows)
    return found


def test_numbers_beyond_64_bits_have_the_digest_of_their_own_rows() -> None:
    small, beyond = [1, -2, 3, 4, 5, 6, 7], [1, -2, 3, 10**30, 5, 6, 7]
    plain = month_digests.sums_of(np.array([small]), month_digests.KEYS)
    both = month_digests.sums_of_any(np.array([small, beyond], dtype=object))
    assert both[0].tolist() == plain[0].tolist()
    assert both[1].tolist() != plain[0].tolist()


def months_of(
    table: DayTable, changes: Mapping[date, DayChange]
) -> dict[Month, tuple[bytes, bytes]]:
    found = {}
    worths = position_worths(table, unit_steps(changes))
    moved = instrument_days(changes)
    for position in ColumnMaker(table, cost_effects(table, moved)).positions(worths, moved):
        rows = PositionRows(OWNER, table, position)
        for one in MonthDivider(table).months(position):
            found[one.month] = (one.digest, rows.part(one.low, one.high))
    return found


@pytest.mark.parametrize(
    ("number", "places"),
    [
        pytest.param(0, 10, id="nothing"),
        pytest.param(-1, 10, id="the smallest below zero"),
        pytest.param(123_456_789_012_345_678, 10, id="in 64 bits"),
        pytest.param(-(10**28) + 1, 10, id="the largest that a column of money holds"),
        pytest.param(10**38 - 1, 20, id="the largest that a column of rates holds"),
    ],
)
def test_a_number_is_written_as_the_server_reads_it(number: int, places: int) -> None:
    made = numbers_as_fields(exact_integers.integers([number]), places=places)
    read_again = NumericBinaryLoader(0).load(made.tobytes()[4:])
    assert read_again == Decimal(number).scaleb(-places, context=EXACT)


def test_a_number_beyond_all_columns_is_refused() -> None:
    with pytest.raises(OverflowError):
        numbers_as_fields(exact_integers.integers([10**30]))


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


@pytest.mark.parametrize("factor", [10**10, -(10**10)])
def test_a_number_beyond_64_bits_is_not_wrapped(factor: int) -> None:
    found = exact_integers.times(exact_integers.integers([10**9, 1]), factor)
    assert found.tolist() == [10**9 * factor, factor]


@given(
    closes=st.dictionaries(st.integers(-40, 60), prices),
    others=st.dictionaries(st.integers(-40, 60), prices),
    split=st.lists(splits, max_size=1),
)
def test_prices_from_arrays_are_those_of_the_walk(
    closes: dict[int, Decimal], others: dict[int, Decimal], split: list[PriceSplit]
) -> None:
    """Of one that may be split, of two that are not, and of one beyond 64 bits."""
    one, other = ascending(closes), ascending(others)
    series = {1: one, 2: one, 3: other, 4: [(day, close * 10**12) for day, close in other]}
    every = [FIRST + timedelta(days=day) for day in range(DAYS * 3)]
    priced = {key: Priced("USD", tuple(split) if key == 1 else ()) for key in series}
    arrays = {key: CloseArray.of(found) for key, found in series.items()}
    for key in (2, 3):
        arrays[key] = replace(arrays[key], numbers=arrays[key].numbers.astype(np.int64))
    found = prices_of(arrays, priced, FIRST, every[-1])
    for key in series:
        walked = prices_by_day(Market(series, priced, {}, "USD"), key, every)
        assert [found[key].at(index) for index in range(len(found[key]))] == walked


def ascending(closes: Mapping[int, Decimal]) -> list[tuple[date, Decimal]]:
    return sorted((FIRST + timedelta(days=day), close) for day, close in closes.items())
