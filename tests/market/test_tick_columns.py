"""Ticks by column: their order in time, and how they reach the database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from market.intake.ingestion import store_ticks
from market.intake.tick_columns import TickColumns
from market.models import Bar, Tick
from tests.market.factories import NOON, make_instrument, make_tick


def test_in_time_are_ticks_by_time_and_then_by_the_providers_id(db: None) -> None:
    apple = make_instrument("AAPL")
    ticks = [make_tick(apple, after_seconds=second) for second in (0, 1, 2)]
    assert list(TickColumns.of(ticks).in_time()) == [0, 1, 2]
    assert list(TickColumns.of(ticks[::-1]).in_time()) == [2, 1, 0]
    twins = [replace(ticks[0], provider_tick_id=name) for name in "bca"]
    assert list(TickColumns.of([ticks[2], *twins]).in_time()) == [3, 1, 2, 0]


@pytest.mark.parametrize("year", [1971, 2026, 2105, 2241])
def test_moments_are_stored_to_the_microsecond(db: None, year: int) -> None:
    apple = make_instrument("AAPL")
    first = datetime(year, 12, 31, 23, 58, tzinfo=UTC)
    moments = [first + timedelta(microseconds=7_919 * number) for number in range(500)]
    ticks = [replace(make_tick(apple), occurred_at=moment) for moment in moments]
    store_ticks(ticks, received_at=max(timezone.now(), moments[-1]))
    stored = Tick.objects.order_by("occurred_at").values_list("occurred_at", flat=True)
    assert list(stored) == moments


def test_ticks_of_several_sources_keep_each_its_own(db: None) -> None:
    apple = make_instrument("AAPL")
    ticks = [
        replace(make_tick(apple, after_seconds=number), source=source)
        for number, source in enumerate(("alpaca", "yahoo", "alpaca"))
    ]
    store_ticks(ticks, received_at=NOON + timedelta(minutes=1))
    stored = Tick.objects.order_by("occurred_at").values_list("source", flat=True)
    assert list(stored) == ["alpaca", "yahoo", "alpaca"]
    assert Bar.objects.get(interval="1m").count == 3
