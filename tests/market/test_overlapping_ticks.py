"""Batches that overlap what is stored, one after the other and at once."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest
from django.db import connection

from market.intake import ingestion
from market.intake.ingestion import store_ticks
from market.intake.tick_columns import TickColumns
from market.intake.tick_writing import SomeTicksAreKnown, write_ticks
from market.models import Bar, Tick
from market.series.rollups import roll_up_closed
from tests.market.factories import NOON, make_instrument, make_tick


def test_a_batch_that_overlaps_adds_what_is_new(db: None) -> None:
    apple = make_instrument("AAPL")
    known, new, newest = (make_tick(apple, "10", after_seconds=n) for n in range(3))
    assert store_ticks([known], received_at=NOON).written == 1
    stored = store_ticks([known, new], received_at=NOON)
    assert (stored.written, stored.unchanged) == (1, 1)
    # And again, from somebody who is known by now to send the same twice.
    stored = store_ticks([new, newest, newest], received_at=NOON)
    assert (stored.written, stored.unchanged) == (1, 2)
    assert store_ticks([make_tick(apple, after_seconds=4)], received_at=NOON).written == 1
    bar = Bar.objects.get(instrument=apple)
    assert (bar.count, Tick.objects.count()) == (4, 4)


def test_a_known_tick_among_new_ones_is_told(db: None) -> None:
    apple = make_instrument("AAPL")
    tick = make_tick(apple)
    with pytest.raises(SomeTicksAreKnown):
        write_ticks(TickColumns.of([tick, tick]), past_before=NOON, are_new=True)


@pytest.mark.django_db(transaction=True)
def test_two_writers_at_once_add_each_tick_once() -> None:
    instruments = [make_instrument(f"S{number}") for number in range(5)]
    ticks = [
        make_tick(instrument, "10", after_seconds=second)
        for instrument in instruments
        for second in range(40)
    ]
    barrier = threading.Barrier(2)
    written: list[int] = []

    def write(order: int) -> None:
        barrier.wait()
        for start in range(0, len(ticks), 20):
            batch = ticks[start : start + 20][::order]
            written.append(store_ticks(batch, received_at=NOON + timedelta(minutes=1)).written)
        connection.close()

    writers = [threading.Thread(target=write, args=(order,)) for order in (1, -1)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert sum(written) == len(ticks) == Tick.objects.count()
    assert set(Bar.objects.filter(interval="1m").values_list("count", flat=True)) == {40}


@pytest.mark.django_db(transaction=True)
def test_what_is_over_is_looked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = note_calls(monkeypatch)
    apple = make_instrument("AAPL")
    for minute in range(11):
        at = NOON + timedelta(minutes=minute)
        store_ticks([make_tick(apple, at=at)], received_at=at)
    assert [at - NOON for at in asked] == [timedelta(minutes=n) for n in (0, 5, 10)]
    assert Bar.objects.filter(interval="5m").count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_look_that_was_undone_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = note_calls(monkeypatch)
    apple = make_instrument("AAPL")
    store_ticks([make_tick(apple)], received_at=NOON)
    later = NOON + timedelta(minutes=5)
    known = make_tick(apple)
    # The first attempt rolls up and then meets a failure; nothing of it may be remembered.
    refused = make_tick(apple, "0")
    with monkeypatch.context() as patched:
        patched.setattr(ingestion, "quarantine", fail)
        with pytest.raises(RuntimeError):
            store_ticks([make_tick(apple, at=later), refused], received_at=later)
    store_ticks([make_tick(apple, at=later), known], received_at=later)
    assert asked.count(later) >= 2
    assert Bar.objects.filter(interval="5m").count() == 1


def note_calls(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    asked: list[datetime] = []

    def noting(ids: set[int], *, at: datetime) -> int:
        asked.append(at)
        return roll_up_closed(ids, at=at)

    monkeypatch.setattr(ingestion, "roll_up_closed", noting)
    return asked


def fail(*_: object, **__: object) -> None:
    raise RuntimeError("the database would not")
