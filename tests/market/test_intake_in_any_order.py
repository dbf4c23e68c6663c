"""Whatever order prices arrive in, and however often: the same rows, and the same longer bars."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from market.intake.bars import BarRow, store_bars
from market.intake.ingestion import store_ticks
from market.intake.minute_rollups import roll_up_minutes
from market.intake.price_files import import_file
from market.models import Bar, Instrument, Tick
from market.values import TickValue
from tests.market.factories import NOON, make_bar, make_instrument

pytestmark = pytest.mark.django_db
EXAMPLES = settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
END = NOON + timedelta(days=3)
SHOWN = ("interval", "opened_at", "open", "high", "low", "close", "volume")

one_tick = st.tuples(
    st.integers(min_value=0, max_value=26 * 3600),  # seconds
    st.integers(min_value=1, max_value=500),  # cents
    st.integers(min_value=0, max_value=1_000),  # units
    st.sampled_from("abcd"),
)
drawn_ticks = st.lists(one_tick, min_size=1, max_size=20, unique_by=lambda tick: (tick[0], tick[3]))


def ticks_of(instrument: Instrument, drawn: Sequence[Any]) -> list[TickValue]:
    return [
        TickValue(
            instrument.id,
            NOON + timedelta(seconds=second),
            tick_id,
            Decimal(cents) / 100,
            Decimal(size),
            "alpaca",
        )
        for second, cents, size, tick_id in drawn
    ]


def batches(data: st.DataObject, given_rows: Sequence[Any]) -> list[list[Any]]:
    """All of them at least once, many more than once, in any order and any parts."""
    more = data.draw(st.lists(st.sampled_from(given_rows), max_size=len(given_rows)))
    waiting = data.draw(st.permutations([*given_rows, *more]))
    parts = []
    while waiting:
        length = data.draw(st.integers(min_value=1, max_value=len(waiting)))
        parts.append(waiting[:length])
        waiting = waiting[length:]
    return parts


def bars_of(instrument: Instrument, *, longer: bool = False) -> list[tuple[Any, ...]]:
    bars = Bar.objects.filter(instrument=instrument)
    if longer:
        bars = bars.exclude(interval="1m")
    return list(bars.order_by("interval", "opened_at").values_list(*SHOWN))


def store_minutes(rows: Sequence[BarRow], *, at: datetime = END) -> None:
    """As a run does with a page; of a minute that it says twice the later word counts."""
    unique = list({row.opened_at: row for row in rows}.values())
    store_bars(unique, source="alpaca", recorded_at=at)
    minutes = [(row.instrument_id, row.opened_at) for row in unique]
    roll_up_minutes(minutes, source="alpaca", at=at, run_id=None)


@EXAMPLES
@given(drawn=drawn_ticks, data=st.data())
def test_ticks_in_any_order_and_as_often_as_may_be_are_the_same_rows(
    drawn: Any, data: st.DataObject
) -> None:
    with transaction.atomic():
        straight, shuffled = make_instrument(), make_instrument()
        store_ticks(ticks_of(straight, drawn), received_at=END)
        for batch in batches(data, ticks_of(shuffled, drawn)):
            store_ticks(batch, received_at=END)
        rows = [
            list(
                Tick.objects.filter(instrument=one)
                .order_by("occurred_at", "provider_tick_id")
                .values_list("occurred_at", "provider_tick_id", "price", "size", "source")
            )
            for one in (straight, shuffled)
        ]
        assert rows[0] == rows[1]
        assert len(rows[0]) == len(drawn)
        assert bars_of(straight) == bars_of(shuffled)
        transaction.set_rollback(True)


@EXAMPLES
@given(drawn=drawn_ticks, data=st.data())
def test_minutes_of_a_provider_make_the_bars_that_their_ticks_make(
    drawn: Any, data: st.DataObject
) -> None:
    with transaction.atomic():
        traded, provided = make_instrument(), make_instrument()
        store_ticks(ticks_of(traded, drawn), received_at=END)
        # The next trade, days later, closes every bar before it.
        later = TickValue(traded.id, END, "z", Decimal(1), Decimal(1), "alpaca")
        store_ticks([later], received_at=END)
        Tick.objects.filter(instrument=traded, occurred_at=END).delete()
        Bar.objects.filter(instrument=traded, opened_at__gte=END).delete()
        minutes = [
            BarRow(provided.id, "1m", *values)
            for values in Bar.objects.filter(instrument=traded, interval="1m").values_list(
                *SHOWN[1:]
            )
        ]
        for page in batches(data, minutes):
            store_minutes(page)
        assert bars_of(provided) == bars_of(traded)
        assert len(bars_of(provided, longer=True)) >= 5
        transaction.set_rollback(True)


@EXAMPLES
@given(data=st.data())
def test_minutes_that_come_while_their_bars_are_still_open_end_in_the_same(
    data: st.DataObject,
) -> None:
    offsets = data.draw(
        st.lists(st.integers(min_value=0, max_value=90), min_size=1, max_size=15, unique=True)
    )
    with transaction.atomic():
        straight, late = make_instrument(), make_instrument()
        rows = {
            one: [
                make_bar(
                    one,
                    f"{10 + offset} {13 + offset} {7 + offset} {11 + offset}",
                    interval="1m",
                    at=NOON + timedelta(minutes=offset),
                    volume=str(offset),
                )
                for offset in sorted(offsets)
            ]
            for one in (straight, late)
        }
        store_minutes(rows[straight])
        at = NOON
        for page in batches(data, rows[late]):
            at = max(at, *(row.opened_at + timedelta(minutes=1) for row in page))
            store_minutes(page, at=at)
        # The next session's first minute, and the gap finder's look, come after everything.
        store_minutes(rows[late])
        assert bars_of(late) == bars_of(straight)
        transaction.set_rollback(True)


@settings(parent=EXAMPLES, max_examples=5)
@given(data=st.data())
def test_rows_of_files_in_any_order_over_any_files_are_the_same_days(data: st.DataObject) -> None:
    header = "symbol,date,open,high,low,close,volume"
    days = [datetime(2020, 1, 2, tzinfo=UTC).date() + timedelta(days=n) for n in range(8)]
    with transaction.atomic(), tempfile.TemporaryDirectory() as folder:
        straight, shuffled = make_instrument(), make_instrument()
        whole = Path(folder) / "whole.csv"
        lines = {
            one: [f"{one.symbol},{day},{10 + n},{12 + n},{9 + n},{11 + n},{n}" for n, day in
                  enumerate(days)]
            for one in (straight, shuffled)
        }  # fmt: skip
        whole.write_text("\n".join([header, *lines[straight]]))
        import_file(whole, instruments=None, clock=lambda: NOON)
        for number, part in enumerate(batches(data, lines[shuffled])):
            path = Path(folder) / f"{number}.csv"
            path.write_text("\n".join([header, *part]))
            run = import_file(path, instruments=None, clock=lambda: NOON)
            assert run.rows_refused == 0
        assert bars_of(shuffled) == bars_of(straight)
        assert len(bars_of(straight)) == len(days)
        transaction.set_rollback(True)
