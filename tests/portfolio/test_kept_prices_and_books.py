"""What a process keeps of prices, rates and books, and when it reads them again."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import numpy as np
import pytest
from django.db.transaction import savepoint, savepoint_rollback
from pytest_django import DjangoAssertNumQueries

from market.corporate_actions.actions import record_action
from market.corporate_actions.facts import ActionFacts
from market.currencies.rate_intake import store_rates
from market.currencies.rate_sheets import PublishedRate
from market.models import Bar, Instrument
from market.models.corporate_actions import ActionKind
from market.series.close_arrays import CloseArray, close_arrays
from market.series.closes import daily_closes
from market.signals import daily_bars_changed
from portfolio.bookkeeping.rebuilding import rebuild_portfolio
from portfolio.models import PositionValuation
from portfolio.position_days import books, recent_closes, series_cache
from portfolio.position_days.books import Books, read_books
from portfolio.position_days.exact_integers import Scaled
from portfolio.position_days.recent_closes import RecentCloses
from portfolio.position_days.series_cache import RECENT, SeriesCache
from portfolio.position_days.table_reading import read_table
from portfolio.valuation import refresh_valuations
from tests.factories import make_daily_bars, make_instrument, make_user
from tests.portfolio.factories import draft_trade, make_tracked, post

FIRST = date(2026, 1, 5)
NUMBER_OF_DAY = Decimal(-1)


def read(
    cache: SeriesCache[str],
    revision: UUID,
    *,
    through: date,
    newest: Decimal | None = NUMBER_OF_DAY,
) -> tuple[Scaled, list[date]]:
    """What a cache gives of a series that counts days, and the days that it had to read.

    ``newest`` is what the last day is said to be instead.
    """
    asked: list[date] = []

    def load(keys: object, start: date, end: date) -> dict[str, Scaled]:
        every = [start + timedelta(days=number) for number in range((end - start).days + 1)]
        asked.extend(every)
        values: list[Decimal | None] = [Decimal((day - FIRST).days) for day in every]
        if end == through and newest is not NUMBER_OF_DAY:
            values[-1] = newest
        return {"a": Scaled.of(values)}

    found = cache.read({"a": revision}, load, start=FIRST, end=through)
    return found["a"], asked


def test_only_recent_days_are_read_again() -> None:
    cache, revision = SeriesCache[str](), uuid4()
    through = FIRST + timedelta(days=99)
    first, asked = read(cache, revision, through=through)
    assert len(asked) == 100
    again, asked = read(cache, revision, through=through)
    assert asked == [through - RECENT + timedelta(days=1 + day) for day in range(RECENT.days)]
    assert again.numbers.tolist() == first.numbers.tolist() == list(range(100))
    _, asked = read(cache, uuid4(), through=through)
    assert len(asked) == 100


def test_what_has_not_changed_is_not_put_together_again() -> None:
    cache, revision = SeriesCache[str](), uuid4()
    through = FIRST + timedelta(days=99)
    first, _ = read(cache, revision, through=through)
    again, _ = read(cache, revision, through=through)
    assert np.shares_memory(again.numbers, first.numbers)


def test_a_recent_day_that_changed_is_seen_by_who_asks_later_and_by_nobody_before() -> None:
    cache, revision = SeriesCache[str](), uuid4()
    through = FIRST + timedelta(days=99)
    first, _ = read(cache, revision, through=through)
    moved, _ = read(cache, revision, through=through, newest=Decimal("100.5"))
    lacking, _ = read(cache, revision, through=through, newest=None)
    again, _ = read(cache, revision, through=through)
    assert [one.at(99) for one in (first, moved, lacking, again)] == [
        99,
        Decimal("100.5"),
        None,
        99,
    ]
    for one in (first, moved, lacking, again):
        assert [one.at(day) for day in range(99)] == list(range(99))


def test_who_asks_for_fewer_days_leaves_the_store_as_it_was() -> None:
    cache, revision = SeriesCache[str](), uuid4()
    through = FIRST + timedelta(days=99)
    read(cache, revision, through=through)
    fewer, asked = read(cache, revision, through=through - timedelta(days=9))
    assert [fewer.at(day) for day in range(len(fewer))] == list(range(91))
    assert len(asked) == RECENT.days
    _, asked = read(cache, revision, through=through)
    assert len(asked) == RECENT.days


def test_a_store_that_is_full_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(series_cache, "SERIES_KEPT", 1)
    cache = SeriesCache[str]()
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


@pytest.mark.django_db
def test_closes_of_the_database_as_arrays(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    """One of them is beyond 64 bits, so its series is read in decimals."""
    apple, large = make_instrument("AAPL"), make_instrument("HUGE")
    make_daily_bars(apple, [100, 101])
    make_daily_bars(large, [10**11, 7])
    start, end = date(2026, 1, 1), date(2026, 1, 31)
    # Counting queries is what a log of them does, too: the cursor is another one then.
    with django_assert_max_num_queries(2):
        found = close_arrays([apple.id, large.id, 999], start=start, end=end)
    expected = daily_closes([apple.id, large.id], start=start, end=end)
    assert {key: one.decimals() for key, one in found.items()} == expected
    assert {key: one.numbers.dtype.kind for key, one in found.items()} == {
        apple.id: "i",
        large.id: "O",
    }
    assert close_arrays([], start=start, end=end) == {}


@pytest.mark.django_db
def test_books_are_read_again_once_something_is_booked(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    portfolio, apple = make_tracked(make_user()), make_instrument("AAPL")
    post(draft_trade(portfolio, apple, quantity="5"))
    first = read_books(portfolio)
    with django_assert_num_queries(1):
        assert read_books(portfolio) is first
    post(draft_trade(portfolio, apple, quantity="2"))
    assert units_in(read_books(portfolio), apple) == 7
    with django_assert_num_queries(5):
        read_books(portfolio, is_anew=True)


@pytest.mark.django_db
def test_books_that_were_undone_are_not_kept() -> None:
    portfolio, apple = make_tracked(make_user()), make_instrument("AAPL")
    post(draft_trade(portfolio, apple, quantity="5"))
    before = savepoint()
    post(draft_trade(portfolio, apple, quantity="2"))
    assert units_in(read_books(portfolio), apple) == 7
    savepoint_rollback(before)
    assert units_in(read_books(portfolio), apple) == 5
    post(draft_trade(portfolio, apple, quantity="3"))
    assert units_in(read_books(portfolio), apple) == 8


@pytest.mark.django_db
def test_lots_that_were_built_anew_are_read_again() -> None:
    portfolio, apple = make_tracked(make_user()), make_instrument("AAPL")
    post(draft_trade(portfolio, apple, quantity="5"))
    first = read_books(portfolio)
    rebuild_portfolio(portfolio.id)
    assert read_books(portfolio) is not first


@pytest.mark.django_db
@pytest.mark.parametrize(("days", "is_kept"), [(2, True), (1, False)])
def test_so_many_days_of_books_are_kept_and_no_more(
    monkeypatch: pytest.MonkeyPatch, days: int, is_kept: bool
) -> None:
    monkeypatch.setattr(books, "DAYS_KEPT", days)
    monkeypatch.setattr(books, "KEPT", {})
    apple = make_instrument("AAPL")
    portfolios = [make_tracked(make_user(name)) for name in ("alice", "bob")]
    for portfolio in portfolios:
        post(draft_trade(portfolio, apple, quantity="5"))
        assert len(read_books(portfolio).changes) == 1
    assert (portfolios[0].id in books.KEPT) == is_kept
    assert portfolios[1].id in books.KEPT


def units_in(found: Books, instrument: Instrument) -> Decimal:
    return sum(
        (one.units.get(instrument.id, Decimal(0)) for one in found.changes.values()), Decimal(0)
    )


@pytest.mark.django_db
def test_of_recent_days_only_their_own_closes_are_read_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The newest close before them is kept, until a revision says that it changed."""
    apple, silent = make_instrument("AAPL"), make_instrument("HUSH")
    make_daily_bars(apple, [100 + day for day in range(90)])
    make_daily_bars(silent, [7])
    asked: list[tuple[set[int], date, date]] = []

    def noting(ids: Collection[int], *, start: date, end: date) -> dict[int, CloseArray]:
        asked.append((set(ids), start, end))
        return close_arrays(ids, start=start, end=end)

    monkeypatch.setattr(recent_closes, "close_arrays", noting)
    kept, both = RecentCloses(), {apple.id: uuid4(), silent.id: uuid4()}
    start, end = FIRST + timedelta(days=30), FIRST + timedelta(days=32)
    young = (set(both), start, end)
    every = daily_closes(both, start=FIRST, end=end)
    expected = {apple.id: every[apple.id][-4:], silent.id: every[silent.id]}
    for old in ([(set(both), FIRST, start - timedelta(days=1))], []):
        found = kept.read(both, start=start, end=end)
        assert {key: one.decimals() for key, one in found.items()} == expected
        assert asked == [*old, young]
        asked.clear()
    kept.read(both | {apple.id: uuid4()}, start=start, end=end)
    assert asked == [({apple.id}, FIRST, start - timedelta(days=1)), young]
    asked.clear()
    kept.read(both, start=start, end=end, is_anew=True)
    assert asked[0] == (set(both), FIRST, start - timedelta(days=1))
    monkeypatch.setattr(recent_closes, "SERIES_KEPT", 1)
    kept.read({apple.id: uuid4()}, start=start, end=end)
    assert list(kept.kept) == [apple.id]


@pytest.mark.django_db
@pytest.mark.parametrize("days_of_closes", [1, 4, 60, 62, 70])
def test_what_is_kept_and_what_is_read_anew_come_to_the_same_prices(days_of_closes: int) -> None:
    """Also where a close is too old to be carried into the last days, or a split lies in them."""
    portfolio = make_tracked(make_user())
    apple, split = make_instrument("AAPL"), make_instrument("SPLT")
    for one in (apple, split):
        make_daily_bars(one, [100 + day for day in range(days_of_closes)])
        post(draft_trade(portfolio, one, quantity="5"))
    through = FIRST + timedelta(days=max(33, days_of_closes))
    facts = ActionFacts(
        kind=ActionKind.SPLIT,
        ex_date=through - timedelta(days=1),
        ratio_from=1,
        ratio_to=3,
        is_in_history=True,
    )
    record_action(instrument=split, facts=facts, source="test", recorded_at=datetime.now(UTC))
    for day in (through, through, through + timedelta(days=1)):
        tables = [
            read_table(portfolio, read_books(portfolio), start=FIRST, through=day, is_anew=is_anew)
            for is_anew in (False, True)
        ]
        for one in (apple, split):
            prices = [
                [table.prices[one.id].at(place) for place in range(len(table))] for table in tables
            ]
            assert prices[0] == prices[1]
