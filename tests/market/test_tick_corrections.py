"""A provider's other word for a tick it has sent is a new version; the former one stays."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from market.intake.bars import store_bars
from market.intake.ingestion import store_ticks
from market.models import Bar, BarRevision, Tick, TickRevision
from market.values import TickValue
from tests.market.factories import NOON, make_bar, make_instrument, make_tick

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(minutes=1)


def corrected(tick: TickValue, price: str, *, size: str = "") -> TickValue:
    return replace(tick, price=Decimal(price), size=Decimal(size) if size else tick.size)


def test_the_tick_and_its_minute_say_the_later_word_and_the_former_stays() -> None:
    apple = make_instrument("AAPL")
    first, high, last = (
        make_tick(apple, price, after_seconds=n, source="venue")
        for n, price in enumerate(("10", "19", "11"))
    )
    store_ticks([first, high, last], received_at=NOON)
    stored = store_ticks([corrected(high, "12", size="3"), last], received_at=LATER)
    assert (stored.written, stored.unchanged, stored.refused) == (1, 1, ())
    assert Tick.objects.get(provider_tick_id=high.provider_tick_id).price == 12
    was = TickRevision.objects.get()
    assert [was.price, was.size] == [19, 1]
    assert was.superseded_at == LATER
    bar = Bar.objects.get(interval="1m")
    assert [bar.open, bar.high, bar.low, bar.close] == [10, 12, 10, 11]
    assert [bar.volume, bar.turnover, bar.count] == [5, 57, 3]
    kept = BarRevision.objects.get()
    assert (kept.interval, kept.bar["high"], kept.bar["volume"]) == ("1m", "19", "3")
    assert kept.run is None


def test_bars_that_are_over_follow_with_versions_of_their_own() -> None:
    apple = make_instrument("AAPL")
    tick = make_tick(apple, "19", source="venue")
    store_ticks([tick], received_at=NOON)
    later = NOON + timedelta(hours=2)
    store_ticks([make_tick(apple, "10", at=later, source="venue")], received_at=later)
    assert Bar.objects.get(interval="1h").high == 19
    store_ticks([corrected(tick, "12")], received_at=later)
    assert Bar.objects.get(interval="1h").high == 12
    kept = dict(BarRevision.objects.values_list("interval", "bar__high"))
    assert kept == dict.fromkeys(("1m", "5m", "15m", "30m", "1h"), "19")


def test_the_same_word_again_and_a_word_that_was_superseded_change_nothing() -> None:
    apple = make_instrument("AAPL")
    tick = make_tick(apple, "19", source="venue")
    word = corrected(tick, "12")
    for batch in ([tick], [word], [word], [tick], [tick, word], [word, tick]):
        store_ticks(batch, received_at=NOON)
    assert Tick.objects.get().price == 12
    assert TickRevision.objects.get().price == 19
    assert BarRevision.objects.count() == 1


def test_each_correction_of_a_tick_is_a_version() -> None:
    apple = make_instrument("AAPL")
    tick = make_tick(apple, "19", source="venue")
    for price in ("19", "12", "13"):
        store_ticks([corrected(tick, price)], received_at=NOON)
    assert list(TickRevision.objects.order_by("id").values_list("price", flat=True)) == [19, 12]


def test_another_source_corrects_nothing() -> None:
    apple = make_instrument("AAPL")
    tick = make_tick(apple, "19", source="venue")
    store_ticks([tick], received_at=NOON)
    stored = store_ticks([replace(corrected(tick, "12"), source="other")], received_at=NOON)
    assert stored.unchanged == 1
    assert Tick.objects.get().price == 19


def test_a_minute_that_came_as_a_bar_stays() -> None:
    apple = make_instrument("AAPL")
    tick = make_tick(apple, "19", source="venue")
    store_ticks([tick], received_at=NOON)
    bar = make_bar(apple, "10 30 9 11", interval="1m")
    store_bars([bar], source="venue", recorded_at=NOON)
    store_ticks([corrected(tick, "12")], received_at=NOON)
    assert Bar.objects.get(interval="1m").high == 30
    assert TickRevision.objects.get().price == 19
