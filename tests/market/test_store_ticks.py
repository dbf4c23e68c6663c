"""Ticks on their way in: once each, in any order, with the bars they make."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from market.intake.ingestion import store_bars, store_ticks
from market.intake.partitions import ensure_tick_partitions
from market.intake.price_runs import finish_days_of_ticks, mark_stale_runs
from market.models import Bar, IngestionRun, Instrument, QuarantinedRow, Tick
from market.queries import bars
from market.values import Interval, TickValue
from tests.market.factories import NOON, decimals, make_bar, make_instrument, make_tick

pytestmark = pytest.mark.django_db

LATER = NOON + timedelta(days=3)


def minute_bar(instrument: Instrument) -> Bar:
    return Bar.objects.get(instrument=instrument, interval="1m")


def test_ticks_make_their_minute() -> None:
    apple = make_instrument("AAPL")
    ticks = [
        make_tick(apple, "10.00", size="5", after_seconds=1),
        make_tick(apple, "11.50", size="2", after_seconds=2),
        make_tick(apple, "9.25", size="1", after_seconds=58),
        make_tick(apple, "9.75", size="2", after_seconds=59.5),
    ]
    assert store_ticks(ticks, received_at=NOON + timedelta(minutes=1)).written == 4
    (bar,) = bars(apple, interval=Interval.MINUTE)
    assert (bar.open, bar.high, bar.low, bar.close) == decimals("10 11.5 9.25 9.75")
    assert (bar.opened_at, bar.volume, bar.count) == (NOON, Decimal(10), 4)
    assert bar.vwap == Decimal("10.175")


def test_the_same_batch_again_adds_nothing() -> None:
    apple = make_instrument("AAPL")
    ticks = [make_tick(apple, "10"), make_tick(apple, "11", after_seconds=3)]
    store_ticks(ticks, received_at=NOON)
    before = Bar.objects.values().get()
    stored = store_ticks([*ticks, ticks[0]], received_at=NOON)
    assert (stored.written, stored.unchanged) == (0, 3)
    assert Bar.objects.values().get() == before


def test_a_late_tick_lands_where_it_belongs() -> None:
    apple = make_instrument("AAPL")
    soon = NOON + timedelta(minutes=2)
    store_ticks([make_tick(apple, "10", after_seconds=30)], received_at=soon)
    store_ticks([make_tick(apple, "8", after_seconds=5)], received_at=soon)
    bar = minute_bar(apple)
    assert (bar.open, bar.close, bar.low) == decimals("8 10 8")


def test_longer_bars_are_stored_when_they_are_over() -> None:
    apple = make_instrument("AAPL")
    store_ticks([make_tick(apple, "10")], received_at=NOON)
    assert not Bar.objects.exclude(interval="1m").exists()
    five_on = NOON + timedelta(minutes=5)
    store_ticks([make_tick(apple, "10", at=five_on)], received_at=five_on)
    assert list(Bar.objects.exclude(interval="1m").values_list("interval", "opened_at")) == [
        ("5m", NOON)
    ]
    an_hour_on = NOON + timedelta(hours=1)
    store_ticks([make_tick(apple, "11", at=an_hour_on)], received_at=an_hour_on)
    assert Bar.objects.get(interval="1h").opened_at == NOON
    store_ticks([make_tick(apple, "12", at=LATER)], received_at=LATER)
    day = Bar.objects.get(interval="1d")
    assert day.opened_at == datetime(2026, 1, 5, 5, tzinfo=UTC)  # midnight in New York
    assert (day.open, day.close, day.count) == (*decimals("10 11"), 3)


def test_a_late_tick_corrects_closed_bars() -> None:
    apple = make_instrument("AAPL")
    store_ticks([make_tick(apple, "10")], received_at=NOON)
    store_ticks([make_tick(apple, "11", at=LATER)], received_at=LATER)
    store_ticks([make_tick(apple, "20", after_seconds=200)], received_at=LATER)
    assert Bar.objects.get(interval="1h", opened_at=NOON).close == 20
    assert Bar.objects.get(interval="5m", opened_at=NOON).close == 20
    assert Bar.objects.get(interval="1d").high == 20


def test_ids_with_any_signs_are_kept_as_they_are() -> None:
    apple = make_instrument("AAPL")
    good = make_tick(apple)
    fields = {name: getattr(good, name) for name in TickValue.__slots__}
    ids = ['"', "\\", ",", "{}", "NULL", "", " a ", "%s", "é'"]
    ticks = [TickValue(**(fields | {"provider_tick_id": tick_id})) for tick_id in ids]
    assert store_ticks(ticks, received_at=NOON).written == len(ids)
    assert set(Tick.objects.values_list("provider_tick_id", flat=True)) == set(ids)


def test_the_open_hour_and_day_are_readable_at_once() -> None:
    apple = make_instrument("AAPL")
    ticks = [make_tick(apple, "10"), make_tick(apple, "12", after_seconds=90)]
    store_ticks(ticks, received_at=NOON + timedelta(minutes=2))
    for interval in Interval:
        last = bars(apple, interval=interval)[-1]
        assert last.close == 12, interval


def test_ticks_join_a_minute_that_a_back_fill_began() -> None:
    apple = make_instrument("AAPL")
    store_bars([make_bar(apple, "9 9 8 9", interval="1m")], source="simulated", recorded_at=NOON)
    soon = NOON + timedelta(minutes=2)
    store_ticks([make_tick(apple, "10", after_seconds=40)], received_at=soon)
    bar = minute_bar(apple)
    assert (bar.open, bar.high, bar.low, bar.close, bar.volume) == decimals("9 10 8 10 101")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        pytest.param({"price": Decimal(0)}, "price_not_positive", id="zero price"),
        pytest.param({"price": Decimal(-1)}, "price_not_positive", id="negative price"),
        pytest.param({"price": Decimal("NaN")}, "price_not_positive", id="no price"),
        pytest.param({"size": Decimal(-1)}, "size_negative", id="negative size"),
        pytest.param({"occurred_at": NOON + timedelta(seconds=6)}, "future_time", id="future"),
        pytest.param({"instrument_id": 2**31 - 1}, "unknown_symbol", id="no such instrument"),
    ],
)
def test_ticks_that_cannot_be_true_are_quarantined(change: dict[str, Any], code: str) -> None:
    apple = make_instrument("AAPL")
    good = make_tick(apple)
    fields = {name: getattr(good, name) for name in TickValue.__slots__}
    bad = TickValue(**(fields | change))
    stored = store_ticks([bad, good], received_at=NOON)
    assert (stored.written, [item.code for item in stored.refused]) == (1, [code])
    store_ticks([bad], received_at=NOON)
    assert list(QuarantinedRow.objects.order_by("line").values_list("line", "code")) == [
        (1, code),
        (2, code),
    ]


def test_a_day_of_refused_ticks_is_done_when_it_is_over() -> None:
    apple = make_instrument("AAPL")
    for day, number in ((0, 1), (0, 2), (1, 3)):
        at = NOON + timedelta(days=day)
        store_ticks([make_tick(apple, "-1", at=at, tick_id=str(number))], received_at=at)
    IngestionRun.objects.filter(created_at=NOON).update(started_at=None)  # of an earlier release
    night = NOON.replace(hour=0) + timedelta(days=1, hours=23)
    for _ in range(2):
        mark_stale_runs(at=night)
        finish_days_of_ticks(at=night)
    first, second = IngestionRun.objects.order_by("created_at")
    assert (first.status, first.rows_refused) == ("completed", 2)
    assert first.finished_at == NOON.replace(hour=0) + timedelta(days=1)
    assert (second.status, second.started_at) == ("running", NOON + timedelta(days=1))


def test_a_tick_slightly_ahead_of_our_clock_is_taken() -> None:
    apple = make_instrument("AAPL")
    assert store_ticks([make_tick(apple, after_seconds=5)], received_at=NOON).written == 1


def test_ticks_of_a_day_without_partition_move_into_it() -> None:
    apple = make_instrument("AAPL")
    far = datetime(2031, 5, 6, 12, tzinfo=UTC)
    tick = make_tick(apple, at=far)
    store_ticks([tick], received_at=far)
    assert ensure_tick_partitions(first_date=far.date(), days=2) == 2
    assert ensure_tick_partitions(first_date=far.date(), days=2) == 0
    assert Tick.objects.count() == 1
    assert store_ticks([tick], received_at=far).written == 0


moments = st.integers(min_value=0, max_value=40 * 3600)
one_tick = st.tuples(
    moments,
    st.integers(min_value=1, max_value=500),  # cents
    st.integers(min_value=0, max_value=20_000_000),  # ten-millionths of a unit
    st.sampled_from("abcd"),
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    drawn=st.lists(one_tick, min_size=1, max_size=25, unique_by=lambda tick: (tick[0], tick[3])),
    data=st.data(),
)
def test_any_order_and_batching_ends_in_the_same_bars(drawn: Any, data: st.DataObject) -> None:
    with transaction.atomic():
        straight, shuffled = make_instrument(), make_instrument()
        ticks = {
            instrument: [
                TickValue(
                    instrument.id,
                    NOON + timedelta(seconds=second),
                    tick_id,
                    Decimal(cents) / 100,
                    Decimal(size) / 10**7,
                    "simulated",
                )
                for second, cents, size, tick_id in drawn
            ]
            for instrument in (straight, shuffled)
        }
        end = NOON + timedelta(hours=41)
        store_ticks(ticks[straight], received_at=end)
        waiting = data.draw(st.permutations(ticks[shuffled]))
        received_at = NOON
        while waiting:
            length = data.draw(st.integers(min_value=1, max_value=len(waiting)))
            batch, waiting = waiting[:length], waiting[length:]
            received_at = max(received_at, *(tick.occurred_at for tick in batch))
            store_ticks(batch, received_at=received_at)
            if data.draw(st.booleans()):
                store_ticks(batch, received_at=received_at)
        for interval in Interval:
            expected = bars(straight, interval=interval)
            assert bars(shuffled, interval=interval) == expected
            assert sum(bar.count or 0 for bar in expected) == len(drawn)
        check_against_ticks(straight, ticks[straight])
        transaction.set_rollback(True)


def check_against_ticks(instrument: Instrument, ticks: list[TickValue]) -> None:
    """Compare every length up to an hour with the plain definition of a bar."""
    ordered = sorted(ticks, key=lambda tick: (tick.occurred_at, tick.provider_tick_id))
    for interval in filter(lambda interval: interval.is_intraday, Interval):
        buckets: dict[datetime, list[TickValue]] = {}
        for tick in ordered:
            past_seconds = tick.occurred_at.timestamp() % interval.seconds
            opened_at = tick.occurred_at - timedelta(seconds=past_seconds)
            buckets.setdefault(opened_at, []).append(tick)
        for bar in bars(instrument, interval=interval):
            inside = buckets.pop(bar.opened_at)
            prices = [tick.price for tick in inside]
            assert (bar.open, bar.close) == (prices[0], prices[-1])
            assert (bar.high, bar.low) == (max(prices), min(prices))
            assert bar.volume == sum(tick.size for tick in inside)
        assert not buckets
