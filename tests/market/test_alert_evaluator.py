"""Alerts fire: each kind, once, over processes, restarts and an absent database."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from market.alerts.crossing_index import Crossing
from market.alerts.kinds import Direction
from market.alerts.own_alerts import change_alert, delete_alert
from market.alerts.signals import alerts_triggered
from market.alerts.standings import standings
from market.alerts.triggering import record_crossings
from market.intake.ingestion import store_ticks
from market.intake.partitions import ensure_tick_partitions
from market.intake.providers import PriceBatch
from market.live.price_feed import PriceFeed
from market.live.shard_leader import Shard
from market.models import Alert, AlertTrigger, Instrument
from market.values import Interval
from portfolio.models import Position
from tests.factories import make_daily_bars, make_instrument, make_portfolio, make_quote, make_user
from tests.market.alert_desk import WHOLE, Watcher, fired, make_alert, make_terms, status_of
from tests.market.factories import make_quote as make_quote_value
from tests.market.factories import make_tick
from tests.support.desk import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def apple() -> Instrument:
    """At 100 a minute ago; it closed at 98 the day before."""
    instrument = make_instrument("AAPL")
    make_quote(instrument, occurred_at=timezone.now() - timedelta(minutes=1))
    return instrument


@pytest.fixture
def watcher() -> Iterator[Watcher]:
    watcher = Watcher()
    yield watcher
    watcher.close()


def prices(watcher: Watcher, instrument: Instrument, text: str) -> None:
    """One tick for each price, each later than the one before, each seen in a turn of its own."""
    for price in text.split():
        watcher.see(make_tick(instrument, price, at=timezone.now()))


@pytest.mark.parametrize(
    ("terms", "walk", "expected"),
    [
        (("price_above", "110"), "109 110 111", ["110"]),
        (("price_below", "90"), "91 85 80", ["85"]),
        (("change_pct", "5"), "102 102.9 103", ["102.9"]),  # of 98
        (("change_pct", "-5"), "94 93.10 90", ["93.1"]),
    ],
)
def test_each_kind_fires_once(
    watcher: Watcher,
    apple: Instrument,
    terms: tuple[str, str],
    walk: str,
    expected: list[str],
) -> None:
    alert = make_alert(apple, *terms)
    prices(watcher, apple, walk)
    assert fired(alert.id) == expected
    assert status_of(alert) == "triggered"


def test_a_moving_average_is_crossed(watcher: Watcher, apple: Instrument) -> None:
    today = timezone.now().replace(hour=5, minute=0, second=0, microsecond=0)
    make_daily_bars(apple, [110] * 10, first_at=today - timedelta(days=11))
    above = make_alert(apple, "sma_cross", None, length=5)
    below = make_alert(apple, "sma_cross", None, length=5, direction=Direction.BELOW)
    assert standings([above])[above.id].level == 110
    assert (status_of(above), status_of(below)) == ("armed", "waiting")
    prices(watcher, apple, "109.99 110 112 109 108")
    assert fired(above.id) == ["110"]
    assert fired(below.id) == ["109"]


def test_the_index_of_relative_strength_is_crossed(watcher: Watcher, apple: Instrument) -> None:
    today = timezone.now().replace(hour=5, minute=0, second=0, microsecond=0)
    closes = [100, 101, 100, 101, 100, 101, 100]
    make_daily_bars(apple, closes, first_at=today - timedelta(days=8))
    above = make_alert(apple, "rsi_above", "70", length=2)
    below = make_alert(apple, "rsi_below", "20", length=2)
    high, low = (standings([alert])[alert.id].level for alert in (above, below))
    assert high is not None
    assert low is not None
    cent = Decimal("0.01")
    walk = [high - cent, high.quantize(cent) + cent, low + cent, low.quantize(cent) - cent]
    prices(watcher, apple, " ".join(map(str, walk)))
    assert fired(above.id) == [f"{walk[1].normalize():f}"]
    assert fired(below.id) == [f"{walk[3].normalize():f}"]


def test_a_level_follows_the_bars_as_they_close(watcher: Watcher, apple: Instrument) -> None:
    start = timezone.now().replace(second=0, microsecond=0) - timedelta(minutes=5)
    make_quote(apple, last="90", occurred_at=start - timedelta(seconds=1))
    alert = make_alert(apple, "sma_cross", None, length=3, interval=Interval.MINUTE)
    for minute, price in enumerate(["90", "80", "84.99", "82.5"]):
        watcher.see(make_tick(apple, price, at=start + timedelta(minutes=minute)))
    # 84.99 is below the mean of 90 and 80; then 82.5 is below that of 80 and 84.99, which is
    # 82.495, by nothing.
    assert fired(alert.id) == ["82.5"]


def test_the_gain_of_a_holding_is_watched(watcher: Watcher, apple: Instrument) -> None:
    alice = make_user()
    portfolio = make_portfolio(alice)
    position = Position.objects.create(
        portfolio=portfolio,
        instrument=apple,
        quantity=Decimal(10),
        cost=Decimal(1_000),
        currency="USD",
        latest_trade_at=timezone.now(),
        latest_entry_id=portfolio.id,
    )
    gain = make_alert(apple, "holding_gain_pct", "10", owner=alice, portfolio_id=portfolio.id)
    loss = make_alert(apple, "holding_gain_pct", "-10", owner=alice, portfolio_id=portfolio.id)
    prices(watcher, apple, "109.99 90.01")
    assert not AlertTrigger.objects.exists()
    prices(watcher, apple, "110")
    assert fired(gain.id) == ["110"]
    Position.objects.filter(portfolio=portfolio).update(quantity=0, cost=0)
    watcher.evaluator._holdings_due_at = 0
    watcher.turn()
    prices(watcher, apple, "1")
    assert fired(loss.id) == []
    assert position.quantity == 10


def test_a_repeating_alert_waits_out_its_cool_down(watcher: Watcher, apple: Instrument) -> None:
    alert = make_alert(apple, threshold="110", repeats=True, cooldown_seconds=60)
    start = timezone.now()
    for second, price in [(1, 110), (2, 100), (3, 111), (61, 112), (62, 100), (63, 113)]:
        watcher.see(make_tick(apple, str(price), at=start + timedelta(seconds=second)))
    assert fired(alert.id) == ["110", "113"]
    assert status_of(alert) == "waiting"
    assert Alert.objects.get(id=alert.id).trigger_count == 2


def test_a_backlog_fires_as_often_as_it_would_have(watcher: Watcher, apple: Instrument) -> None:
    alert = make_alert(apple, threshold="110", repeats=True, cooldown_seconds=60)
    start = timezone.now()
    walk = enumerate(["110", "100", "110", "100", "110"])
    watcher.see(
        *(make_tick(apple, price, at=start + timedelta(seconds=61 * n)) for n, price in walk)
    )
    assert len(fired(alert.id)) == 3


def test_quotes_alone_fire_too_and_bring_the_previous_close(
    watcher: Watcher, apple: Instrument
) -> None:
    alert = make_alert(apple, "change_pct", "40")
    watcher.turn()
    quote = make_quote_value(apple, "11.2", at=timezone.now())  # it closed at 8
    watcher.evaluator.put(PriceBatch((quote,), ()))
    watcher.turn()
    assert fired(alert.id) == ["11.2"]


def test_changes_are_heard_and_deleted_alerts_stay_silent(
    watcher: Watcher, apple: Instrument
) -> None:
    alert, other = make_alert(apple, threshold="110"), make_alert(apple, threshold="120")
    watcher.turn()
    added = make_alert(apple, threshold="105")
    change_alert(alert=alert, terms=make_terms(threshold="130"), changed_at=timezone.now())
    delete_alert(alert=other, deleted_at=timezone.now())

    def is_heard() -> bool:
        watcher.turn()
        return {watch.level for watch in watcher.evaluator._watched.index.all()} == {105, 130}

    wait_until(is_heard, seconds=10, what="the changes are heard")
    prices(watcher, apple, "125")
    assert (fired(alert.id), fired(other.id), fired(added.id)) == ([], [], ["125"])


def test_changes_nobody_was_told_of_are_found(watcher: Watcher, apple: Instrument) -> None:
    alert = make_alert(apple, threshold="110")
    watcher.turn()
    Alert.objects.filter(id=alert.id).update(threshold=Decimal(105), revision=2)
    watcher.evaluator._compare_due_at = 0
    watcher.turn()
    prices(watcher, apple, "106")
    assert fired(alert.id) == ["106"]


def test_a_stale_condition_does_not_fire(watcher: Watcher, apple: Instrument) -> None:
    alert = make_alert(apple, threshold="110")
    watcher.turn()
    # Changed where the watcher does not hear it, as while it was about to write.
    Alert.objects.filter(id=alert.id).update(threshold=Decimal(200), revision=2)
    prices(watcher, apple, "111")
    assert fired(alert.id) == []
    prices(watcher, apple, "201")
    assert fired(alert.id) == ["201"]


def test_a_crossing_while_nobody_watched_fires_at_the_start(apple: Instrument) -> None:
    alert = make_alert(apple, threshold="110")
    make_quote(apple, last="112", occurred_at=timezone.now())
    watcher = Watcher()
    watcher.turn()
    watcher.close()
    assert fired(alert.id) == ["112"]


def test_what_was_published_and_not_looked_at_is_looked_at_later(apple: Instrument) -> None:
    alert = make_alert(apple, threshold="110")
    now = timezone.now()
    ensure_tick_partitions(first_date=now.date() - timedelta(days=1), days=3)
    ticks = [
        make_tick(apple, price, at=now, after_seconds=-n) for n, price in ((3, "111"), (1, "99"))
    ]
    store_ticks(ticks, received_at=now)
    Alert.objects.update(compared_at=now - timedelta(seconds=20))
    for _ in range(2):
        watcher = Watcher()
        watcher.turn()
        watcher.close()
    assert fired(alert.id) == ["111"]


def test_a_restart_does_not_fire_again(apple: Instrument) -> None:
    once = make_alert(apple, threshold="110")
    again = make_alert(apple, threshold="111", repeats=True, cooldown_seconds=60)
    tick = make_tick(apple, "112", at=timezone.now())
    for _ in range(3):
        watcher = Watcher()
        watcher.see(tick)
        watcher.close()
    assert (fired(once.id), fired(again.id)) == (["112"], ["112"])


def test_two_evaluators_on_the_same_crossings_fire_once_each(apple: Instrument) -> None:
    alerts = [
        make_alert(apple, threshold=f"110.{number:02}", repeats=number % 2 == 0)
        for number in range(60)
    ]
    heard: list[Any] = []

    def hear(triggers: list[AlertTrigger], **_: Any) -> None:
        heard.extend(trigger.alert_id for trigger in triggers)

    alerts_triggered.connect(hear)
    barrier = threading.Barrier(4)
    ticks = [
        make_tick(apple, f"110.{number:02}", at=timezone.now(), after_seconds=number / 1000)
        for number in range(60)
    ]

    def work() -> None:
        watcher = Watcher()
        watcher.turn()
        barrier.wait()
        for tick in ticks:
            watcher.see(tick)
        watcher.close()
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    alerts_triggered.disconnect(hear)
    assert all(len(fired(alert.id)) == 1 for alert in alerts)
    assert sorted(heard) == sorted(alert.id for alert in alerts)


def test_one_that_comes_late_does_not_fire_what_was_armed_again(apple: Instrument) -> None:
    alert = make_alert(apple, threshold="110", repeats=True, cooldown_seconds=60)
    start = timezone.now()
    late, quick = Watcher(), Watcher()
    late.turn()
    first = make_tick(apple, "111", at=start + timedelta(seconds=1))
    quick.see(first, make_tick(apple, "100", at=start + timedelta(seconds=62)))
    assert (status_of(alert), fired(alert.id)) == ("armed", ["111"])
    late.see(first)
    assert fired(alert.id) == ["111"]
    late.see(make_tick(apple, "115", at=start + timedelta(seconds=70)))
    assert fired(alert.id) == ["111", "115"]
    for watcher in (late, quick):
        watcher.close()


def test_a_receiver_that_refuses_undoes_the_trigger(apple: Instrument) -> None:
    alert = make_alert(apple, threshold="110")

    def refuse(**_: Any) -> None:
        raise RuntimeError("the outbox is full")

    alerts_triggered.connect(refuse)
    crossing = Crossing(alert.id, 1, True, Decimal(110), Decimal(111), timezone.now())
    try:
        with pytest.raises(RuntimeError, match="full"):
            record_crossings([crossing], recorded_at=timezone.now())
    finally:
        alerts_triggered.disconnect(refuse)
    assert (status_of(alert), fired(alert.id)) == ("armed", [])
    assert record_crossings([crossing], recorded_at=timezone.now()) == set()
    assert record_crossings([crossing], recorded_at=timezone.now()) == {alert.id}
    assert fired(alert.id) == ["111"]


def test_a_shard_watches_its_own_instruments(apple: Instrument) -> None:
    alert = make_alert(apple, threshold="110")
    mine = Shard(apple.id % 2, 2)
    for shard, expected in ((Shard(1 - mine.index, 2), []), (mine, ["111"])):
        watcher = Watcher(shard)
        watcher.see(make_tick(apple, "111", at=timezone.now()))
        watcher.close()
        assert fired(alert.id) == expected


class Scripted:
    """A provider that says what it is told to."""

    def __init__(self) -> None:
        self.waiting: list[PriceBatch] = []

    def watch(self, instruments: object) -> None:
        del instruments

    def batches(self, stop: threading.Event) -> Iterator[PriceBatch]:
        while not stop.wait(0.02):
            yield self.waiting.pop(0) if self.waiting else PriceBatch((), ())


def test_the_feed_watches_while_it_publishes_also_without_the_database(
    apple: Instrument,
) -> None:
    ensure_tick_partitions(first_date=timezone.now().date(), days=2)
    alerts = [make_alert(apple, threshold=str(level)) for level in (110, 120)]
    provider, stop = Scripted(), threading.Event()
    feed = PriceFeed(shard=WHOLE, make_provider=lambda: provider, clock=timezone.now)

    def run() -> None:
        feed.run(stop)
        connection.close()

    def tell(price: str, at: datetime) -> None:
        provider.waiting.append(PriceBatch((), (make_tick(apple, price, at=at),)))

    thread = threading.Thread(target=run)
    thread.start()
    try:
        tell("111", timezone.now())
        wait_until(lambda: fired(alerts[0].id) == ["111"], seconds=15, what="the first fires")
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                " AND usename = current_user"
            )
        tell("121", timezone.now())
        wait_until(lambda: fired(alerts[1].id) == ["121"], seconds=15, what="the second fires")
    finally:
        stop.set()
        thread.join(10)
    assert not thread.is_alive()
