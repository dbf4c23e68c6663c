"""Live prices that cannot be true or jump wait in quarantine, before anybody hears of them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from queue import Empty, SimpleQueue
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone

from market.intake.ingestion import store_ticks
from market.intake.partitions import ensure_tick_partitions
from market.intake.price_store import PriceBuffer
from market.intake.providers import PriceBatch
from market.intake.quarantine import reject_row, release_row
from market.intake.refused_prices import RefusedQuote, RefusedTick
from market.live.live_quotes import latest_quote
from market.live.price_door import PriceDoor
from market.live.price_feed import PriceFeed
from market.models import Instrument, QuarantinedRow, QuoteSnapshot, Tick
from market.values import QuoteValue, TickValue
from tests.factories import make_daily_bars
from tests.market.alert_desk import WHOLE, fired, make_alert
from tests.market.factories import NOON, make_instrument, make_quote, make_tick
from tests.support.desk import wait_until

SAM = uuid4()
_seconds = count()


def make_stock(*, at: datetime = NOON) -> Instrument:
    """It closed around 100 on each of twenty days, so 68 to 149 are expected."""
    stock = make_instrument("AAPL")
    make_daily_bars(stock, [99, 100, 101, 100] * 5, first_at=at - timedelta(days=21))
    return stock


@pytest.fixture
def apple(db: None) -> Instrument:
    return make_stock()


@pytest.fixture
def door(apple: Instrument) -> PriceDoor:
    door = PriceDoor()
    door.renew([apple.id], at=NOON)
    return door


def next_second() -> float:
    """Each later than the one before, within the hour before noon."""
    return next(_seconds) % 3_000 - 3_600


def tick(apple: Instrument, price: str, *, tick_id: str = "") -> TickValue:
    return make_tick(apple, price, source="venue", after_seconds=next_second(), tick_id=tick_id)


def quote(
    apple: Instrument,
    last: str,
    *,
    bid: str | None = None,
    ask: str | None = None,
) -> QuoteValue:
    """Around the last price, or around 100 where that is far off; without depth."""
    middle = Decimal(last) if Decimal(50) < Decimal(last) < Decimal(200) else Decimal(100)
    made = make_quote(apple, last, at=NOON + timedelta(seconds=next_second()))
    return replace(
        made,
        bid=Decimal(bid) if bid else middle - 1,
        ask=Decimal(ask) if ask else middle + 1,
        bid_levels=(),
        ask_levels=(),
        source="venue",
    )


def pass_ticks(door: PriceDoor, *ticks: TickValue) -> tuple[list[str], list[str]]:
    """The prices let in, and the reasons of what was not."""
    batch = door.admit(PriceBatch((), ticks), at=NOON)
    return [str(one.price) for one in batch.ticks], [one.code for one in batch.refused]


def pass_quote(door: PriceDoor, given: QuoteValue, *ticks: TickValue) -> tuple[list[str], int]:
    """The last prices let in, and how much was refused."""
    batch = door.admit(PriceBatch((given,), ticks), at=NOON)
    return [str(one.last) for one in batch.quotes], len(batch.refused)


def test_a_tick_that_jumps_waits_and_what_follows_goes_on(
    door: PriceDoor, apple: Instrument
) -> None:
    assert pass_ticks(door, tick(apple, "100"), tick(apple, "10000"), tick(apple, "101")) == (
        ["100", "101"],
        ["spike"],
    )


def test_the_next_tick_as_far_off_confirms_the_level(door: PriceDoor, apple: Instrument) -> None:
    assert pass_ticks(door, tick(apple, "100"), tick(apple, "300")) == (["100"], ["spike"])
    assert pass_ticks(door, tick(apple, "301"), tick(apple, "299")) == (["301", "299"], [])
    assert pass_quote(door, quote(apple, "299")) == (["299"], 0)


def test_the_same_tick_again_confirms_nothing(door: PriceDoor, apple: Instrument) -> None:
    far = tick(apple, "300")
    assert pass_ticks(door, far, far) == ([], ["spike"])
    assert pass_ticks(door, far) == ([], [])


@pytest.mark.parametrize(("price", "waits"), [("148", False), ("150", True), ("66", True)])
def test_the_band_is_that_of_files(
    door: PriceDoor, apple: Instrument, price: str, waits: bool
) -> None:
    """Twenty deviations of two hundredths around 100: a factor of e^0.4 = 1.49 either way."""
    assert pass_ticks(door, tick(apple, price)) == ([] if waits else [price], ["spike"] * waits)


def test_a_price_that_drifts_out_of_the_band_does_not_jump(
    door: PriceDoor, apple: Instrument
) -> None:
    walk = ["100", "140", "170", "220"]
    assert pass_ticks(door, *(tick(apple, price) for price in walk)) == (walk, [])


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"price": Decimal(0)}, "price_not_positive"),
        ({"price": Decimal("NaN")}, "price_not_positive"),
        ({"size": Decimal(-1)}, "size_negative"),
        ({"occurred_at": NOON + timedelta(seconds=6)}, "future_time"),
    ],
)
def test_what_cannot_be_true_reaches_nobody(
    door: PriceDoor, apple: Instrument, changes: dict[str, object], code: str
) -> None:
    wrong = replace(tick(apple, "100"), **changes)  # type: ignore[arg-type]
    assert pass_ticks(door, wrong, tick(apple, "101")) == (["101"], [code])


def test_simulated_prices_and_those_of_too_few_closes_are_not_judged(
    door: PriceDoor, apple: Instrument
) -> None:
    other = make_instrument("NEW")
    make_daily_bars(other, [100] * 4, first_at=NOON - timedelta(days=5))
    door.renew([apple.id, other.id], at=NOON)
    far = make_tick(apple, "10000", after_seconds=-60)
    assert pass_ticks(door, far, tick(other, "10000")) == (["10000", "10000"], [])


def test_a_quote_goes_on_with_the_trade_before_the_one_that_waits(
    door: PriceDoor, apple: Instrument
) -> None:
    assert pass_quote(door, quote(apple, "100"), tick(apple, "100")) == (["100"], 0)
    assert pass_quote(door, quote(apple, "10000"), tick(apple, "10000")) == (["100"], 1)
    # Its bids and asks go on changing; the trade is still the one that waits.
    later = quote(apple, "10000", bid="98", ask="99")
    batch = door.admit(PriceBatch((later,), ()), at=NOON)
    assert [(one.last, one.bid) for one in batch.quotes] == [(Decimal(100), Decimal(98))]
    assert batch.refused == ()
    assert pass_quote(door, quote(apple, "101"), tick(apple, "101")) == (["101"], 0)


def test_a_first_price_far_off_is_no_quote_until_another_trade_confirms_it(
    door: PriceDoor, apple: Instrument
) -> None:
    assert pass_quote(door, quote(apple, "300", bid="299", ask="301")) == ([], 1)
    assert pass_quote(door, quote(apple, "300", bid="299", ask="302")) == ([], 0)
    confirmed = quote(apple, "301", bid="300", ask="302")
    assert pass_quote(door, confirmed, tick(apple, "301")) == (["301"], 0)


@pytest.mark.parametrize(
    ("bid", "ask", "waits"),
    [
        ("9900", "10100", True),  # somebody would sell at a hundred times its worth
        ("0.9", "1.1", True),
        ("0.01", "199999", False),  # nobody bids and nobody offers
        ("99", "199999", False),
    ],
)
def test_a_bid_or_ask_by_which_somebody_is_paid_too_much_waits(
    door: PriceDoor, apple: Instrument, bid: str, ask: str, waits: bool
) -> None:
    assert pass_quote(door, quote(apple, "100")) == (["100"], 0)
    batch = door.admit(PriceBatch((quote(apple, "100", bid=bid, ask=ask),), ()), at=NOON)
    assert len(batch.quotes) == (not waits)
    assert [type(one) for one in batch.refused] == [RefusedQuote] * waits


def test_another_bid_as_far_off_confirms_it_and_the_same_again_does_not(
    door: PriceDoor, apple: Instrument
) -> None:
    assert pass_quote(door, quote(apple, "100")) == (["100"], 0)
    assert pass_quote(door, quote(apple, "100", bid="160", ask="161")) == ([], 1)
    assert pass_quote(door, quote(apple, "100", bid="160", ask="162")) == ([], 0)
    assert pass_ticks(door, tick(apple, "100.5")) == (["100.5"], [])
    assert pass_quote(door, quote(apple, "100.5", bid="160", ask="162")) == ([], 0)
    assert pass_quote(door, quote(apple, "100.5", bid="161", ask="162")) == (["100.5"], 0)


@contextmanager
def running_feed(offered: SimpleQueue[PriceBatch]) -> Iterator[None]:
    """A feed of a provider that says what the test puts into the queue."""

    class Provider:
        def watch(self, instruments: object) -> None:
            listed.set()

        def batches(self, stop: threading.Event) -> Iterator[PriceBatch]:
            listed.wait(10)
            while not stop.is_set():
                try:
                    yield offered.get(timeout=0.05)
                except Empty:
                    yield PriceBatch((), ())

    listed, stop = threading.Event(), threading.Event()

    def run() -> None:
        feed = PriceFeed(shard=WHOLE, make_provider=Provider, clock=timezone.now)
        try:
            feed.run(stop)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(20)
    assert not thread.is_alive()


def now_of(apple: Instrument, price: str, tick_id: str) -> PriceBatch:
    """A trade of this moment, with the quote that it makes."""
    at = timezone.now()
    made = tick(apple, price, tick_id=tick_id)
    return PriceBatch(
        (replace(quote(apple, price), occurred_at=at),), (replace(made, occurred_at=at),)
    )


@pytest.mark.django_db(transaction=True)
def test_a_price_a_hundred_times_its_neighbours_fires_and_values_nothing_until_released() -> None:
    now = timezone.now()
    ensure_tick_partitions(first_date=now.date() - timedelta(days=1), days=3)
    apple = make_stock(at=now)
    alert = make_alert(apple, "price_above", "5000")
    offered: SimpleQueue[PriceBatch] = SimpleQueue()
    with running_feed(offered):
        offered.put(now_of(apple, "100", "1"))
        wait_until(lambda: latest_quote(apple.id) is not None, seconds=20, what="a first quote")
        offered.put(now_of(apple, "10000", "2"))
        wait_until(QuarantinedRow.objects.exists, seconds=20, what="the jump waits")
        row = QuarantinedRow.objects.get()
        assert (row.kind, row.code, row.raw["symbol"]) == ("tick", "spike", "AAPL")
        shown = latest_quote(apple.id)
        assert shown is not None
        assert shown.last == 100
        assert fired(alert.id) == []
        assert Tick.objects.count() == 1
        release_row(row.id, corrections={}, released_by_id=SAM, released_at=timezone.now())
        wait_until(lambda: fired(alert.id) == ["10000"], seconds=20, what="the alert fires")
        assert Tick.objects.count() == 2
        wait_until(
            lambda: (found := latest_quote(apple.id)) is not None and found.last == 10000,
            seconds=20,
            what="the quote says it",
        )


def test_a_released_price_takes_effect_where_no_later_one_came(
    door: PriceDoor, apple: Instrument
) -> None:
    pass_quote(door, quote(apple, "100"), tick(apple, "100"))
    far = door.admit(PriceBatch((quote(apple, "300"),), (tick(apple, "300"),)), at=NOON)
    store_ticks(far.ticks, received_at=NOON, kept_out=far.refused)
    door.look_for_released()
    assert door.take_released() == []
    row = QuarantinedRow.objects.get()
    release_row(row.id, corrections={"price": "200"}, released_by_id=SAM, released_at=NOON)
    door.look_for_released()
    (released,) = door.take_released()
    assert [one.price for one in released.ticks] == [one.last for one in released.quotes] == [200]
    # Its provider goes on saying what was corrected.
    assert pass_quote(door, quote(apple, "300")) == (["200.00000000"], 0)
    door.look_for_released()
    assert door.take_released() == []
    assert pass_ticks(door, tick(apple, "210")) == (["210"], [])
    assert door.take_released() == []


def test_a_released_quote_takes_effect_and_a_rejected_one_stays_out(
    door: PriceDoor, apple: Instrument
) -> None:
    pass_quote(door, quote(apple, "100"))
    far = quote(apple, "100", bid="9900", ask="9901")
    first = door.admit(PriceBatch((far,), ()), at=NOON)
    store_ticks((), received_at=NOON, kept_out=first.refused)
    row = QuarantinedRow.objects.get()
    assert (row.kind, row.raw["bid"], row.raw["symbol"]) == ("quote", "9900", "AAPL")
    release_row(row.id, corrections={}, released_by_id=SAM, released_at=NOON)
    assert QuoteSnapshot.objects.get().bid == 9900
    door.look_for_released()
    assert door.take_released() == [PriceBatch((far,), ())]
    assert pass_quote(door, far) == (["100"], 0)

    assert pass_quote(door, quote(apple, "100")) == (["100"], 0)
    again = door.admit(PriceBatch((replace(far, bid=Decimal(5000), ask=None),), ()), at=NOON)
    store_ticks((), received_at=NOON, kept_out=again.refused)
    waiting = QuarantinedRow.objects.get(status="waiting")
    reject_row(waiting.id, rejected_by_id=SAM, rejected_at=NOON)
    door.look_for_released()
    assert door.take_released() == []
    assert pass_quote(door, replace(far, bid=Decimal(5000), ask=None)) == ([], 0)


def test_what_was_kept_out_is_kept_while_the_database_is_away(
    door: PriceDoor, apple: Instrument
) -> None:
    batch = door.admit(PriceBatch((), (tick(apple, "10000"),)), at=NOON)
    assert [type(one) for one in batch.refused] == [RefusedTick]
    buffer = PriceBuffer()
    buffer.put(batch)
    taken = buffer.take()
    assert taken.refused == batch.refused
    buffer.put_back(taken)
    assert buffer.take().refused == batch.refused
    assert buffer.take().refused == ()
