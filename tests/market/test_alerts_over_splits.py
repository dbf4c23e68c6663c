"""A 4:1 split over night fires nothing, and thresholds go on in shares of now."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from accounts.models import AuditEvent
from integrations.simulated.history import SimulatedHistory
from integrations.simulated.live import SimulatedLive
from market import calendar
from market.alerts.evaluator import AlertEvaluator
from market.alerts.own_alerts import change_alert
from market.alerts.split_adjustments import adjust_for_splits
from market.alerts.standings import standings
from market.corporate_actions.actions import cancel_action, correct_action, record_action
from market.corporate_actions.facts import ActionFacts
from market.live.feed_listing import listed_instruments
from market.models import Alert, CorporateAction, Instrument
from market.models.corporate_actions import ActionKind
from market.queries import daily_closes
from market.values import Interval, plain_or_none
from tests.factories import make_daily_bars, make_instrument, make_quote
from tests.market.alert_desk import WHOLE, Watcher, fired, make_alert, make_terms, status_of
from tests.market.factories import make_tick

pytestmark = pytest.mark.django_db(transaction=True)

ZONE = "America/New_York"


class Clock:
    def __init__(self) -> None:
        self.now = timezone.now()

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def watcher(clock: Clock) -> Iterator[Watcher]:
    watcher = Watcher()
    watcher.evaluator = AlertEvaluator(shard=WHOLE, clock=clock)
    yield watcher
    watcher.close()


@pytest.fixture
def apple() -> Instrument:
    """At 400, of a real market."""
    instrument = make_instrument("AAPL")
    make_quote(
        instrument,
        last="400",
        previous_close="396",
        occurred_at=timezone.now() - timedelta(minutes=1),
        source="tape",
    )
    return instrument


def split_tomorrow(instrument: Instrument) -> CorporateAction:
    today = calendar.local_date(timezone.now(), ZONE)
    return record_action(
        instrument=instrument,
        facts=ActionFacts(
            kind=ActionKind.SPLIT,
            ex_date=today + timedelta(days=1),
            ratio_from=1,
            ratio_to=4,
        ),
        source="staff",
        recorded_at=timezone.now(),
    )


def bars_until_today(instrument: Instrument, closes: list[str]) -> None:
    today = calendar.local_date(timezone.now(), ZONE)
    first = today - timedelta(days=len(closes) - 1)
    make_daily_bars(instrument, closes, first_at=calendar.local_midnight(first, ZONE))


def opening_after(split: CorporateAction) -> datetime:
    return calendar.local_midnight(split.ex_date, ZONE) + timedelta(hours=9, minutes=30)


def prices(watcher: Watcher, clock: Clock, instrument: Instrument, text: str) -> None:
    for price in text.split():
        clock.now += timedelta(seconds=1)
        watcher.see(make_tick(instrument, price, at=clock.now, source="tape"))


def threshold_of(alert: Alert) -> str | None:
    alert.refresh_from_db()
    return plain_or_none(alert.threshold)


def given_to(alert: Alert) -> str | None:
    return plain_or_none(alert.given_threshold)


@pytest.mark.parametrize("is_watched_over_night", [True, False])
def test_a_split_over_night_fires_no_price_alert(
    apple: Instrument, watcher: Watcher, clock: Clock, is_watched_over_night: bool
) -> None:
    above, below = make_alert(apple, threshold="500"), make_alert(apple, "price_below", "300")
    split = split_tomorrow(apple)
    if is_watched_over_night:
        prices(watcher, clock, apple, "401 399")
    assert threshold_of(above) == "500"
    clock.now = opening_after(split)
    prices(watcher, clock, apple, "101 99 120 80")
    assert (threshold_of(above), threshold_of(below)) == ("125", "75")
    assert {status_of(above), status_of(below)} == {"armed"}
    assert given_to(above) == "500"
    prices(watcher, clock, apple, "126 74")
    assert (fired(above.id), fired(below.id)) == (["126"], ["74"])
    events = AuditEvent.objects.filter(action="alert.adjusted")
    facts = [(event.before or {}, event.after or {}) for event in events]
    assert {(before["threshold"], after["threshold"]) for before, after in facts} == {
        ("500.00000000", "125.00000000"),
        ("300.00000000", "75.00000000"),
    }


def test_changes_and_averages_are_of_shares_of_now(
    apple: Instrument, watcher: Watcher, clock: Clock
) -> None:
    bars_until_today(apple, ["400", "402", "400", "402", "400", "402"])
    waiting = [
        make_alert(apple, "change_pct", "-5"),
        make_alert(apple, "change_pct", "5"),
        make_alert(apple, "sma_cross", None, interval=Interval.DAY, length=4, direction="below"),
        make_alert(apple, "rsi_below", "20", interval=Interval.DAY, length=3),
    ]
    split = split_tomorrow(apple)
    prices(watcher, clock, apple, "401 404")
    clock.now = opening_after(split)
    prices(watcher, clock, apple, "101 100.8")
    assert [fired(alert.id) for alert in waiting] == [[], [], [], []]
    prices(watcher, clock, apple, "90")
    assert fired(waiting[0].id) == ["90"]
    assert fired(waiting[2].id) == ["90"]


def test_a_threshold_follows_a_split_that_is_corrected_or_cancelled(apple: Instrument) -> None:
    alert = make_alert(apple, threshold="500")
    split = split_tomorrow(apple)
    after = opening_after(split)
    assert adjust_for_splits(at=after) == [alert.id]
    assert adjust_for_splits(at=after) == []
    assert (threshold_of(alert), alert.revision) == ("125", 2)
    correct_action(split.id, changes={"ratio_to": 5}, corrected_at=after)
    assert threshold_of(alert) == "100"
    cancel_action(split.id, cancelled_at=after)
    assert (threshold_of(alert), given_to(alert)) == ("500", None)


def test_a_threshold_given_after_the_split_stays(apple: Instrument) -> None:
    alert = make_alert(apple, threshold="500")
    split = split_tomorrow(apple)
    after = opening_after(split)
    adjust_for_splits(at=after)
    alert.refresh_from_db()
    change_alert(alert=alert, terms=make_terms(threshold="130"), changed_at=after)
    assert adjust_for_splits(at=after + timedelta(days=1)) == []
    assert (threshold_of(alert), given_to(alert)) == ("130", None)


def test_the_ground_that_moves_under_an_alert_is_no_crossing(apple: Instrument) -> None:
    """Recorded late, while the newest price is of the former shares."""
    alert = make_alert(apple, threshold="500")
    make_quote(apple, last="400", occurred_at=timezone.now(), source="tape")
    split = split_tomorrow(apple)
    Alert.objects.filter(id=alert.id).update(given_at=timezone.now() - timedelta(days=3))
    CorporateAction.objects.filter(id=split.id).update(ex_date=split.ex_date - timedelta(days=1))
    adjust_for_splits(at=timezone.now())
    assert (threshold_of(alert), alert.status) == ("125", "waiting")


def test_simulated_prices_that_know_a_split_leave_thresholds_alone(apple: Instrument) -> None:
    alert = make_alert(apple, threshold="500")
    split = split_tomorrow(apple)
    # As staff says on its ex-date.
    CorporateAction.objects.update(is_in_history=True)
    make_quote(apple, last="400", source="simulated")
    assert adjust_for_splits(at=opening_after(split)) == []
    make_quote(apple, last="400", source="tape")
    assert adjust_for_splits(at=opening_after(split)) == [alert.id]


def test_the_previous_close_is_of_shares_of_now(apple: Instrument) -> None:
    bars_until_today(apple, ["390", "400"])
    split = split_tomorrow(apple)

    def previous_close(at: datetime) -> Decimal | None:
        return listed_instruments(WHOLE, at=at)[0].previous_close

    assert previous_close(opening_after(split) - timedelta(days=1)) == 390
    assert previous_close(opening_after(split)) == 100


def test_small_charts_do_not_fall_at_a_split(apple: Instrument) -> None:
    bars_until_today(apple, ["380", "400"])
    split = split_tomorrow(apple)
    start, end = split.ex_date - timedelta(days=30), split.ex_date
    at = opening_after(split)
    stored = daily_closes([apple.id], start=start, end=end)[apple.id]
    comparable = daily_closes([apple.id], start=start, end=end, comparable_at=at)[apple.id]
    assert [close for _, close in stored] == [380, 400]
    assert [close for _, close in comparable] == [95, 100]


def test_lists_tell_the_distance_in_shares_of_now(apple: Instrument) -> None:
    alert = make_alert(apple, threshold="500")
    today = calendar.local_date(timezone.now(), ZONE)
    Alert.objects.filter(id=alert.id).update(given_at=timezone.now() - timedelta(days=3))
    make_quote(apple, last="400", occurred_at=timezone.now() - timedelta(days=2), source="tape")
    record_action(
        instrument=apple,
        facts=ActionFacts(kind=ActionKind.SPLIT, ex_date=today, ratio_from=1, ratio_to=4),
        source="staff",
        recorded_at=timezone.now(),
    )
    alert.refresh_from_db()
    standing = standings([alert])[alert.id]
    assert (standing.level, standing.distance) == (Decimal("125.00000000"), Decimal(25))


def test_simulated_prices_are_divided_at_the_midnight_that_begins_the_day(
    apple: Instrument,
) -> None:
    bars_until_today(apple, ["390", "400", "396"])
    make_quote(apple, last="400", source="simulated")
    split = split_tomorrow(apple)
    midnight = calendar.local_midnight(split.ex_date, ZONE)
    before = midnight - timedelta(seconds=1)
    provider = SimulatedLive(seed=1, trades_per_second=50, clock=lambda: before)
    provider.watch(listed_instruments(WHOLE, at=before))
    batch = provider.batch(at=midnight + timedelta(seconds=1))
    former = [tick.price for tick in batch.ticks if tick.occurred_at <= midnight]
    new = [tick.price for tick in batch.ticks if tick.occurred_at > midnight]
    assert former
    assert all(390 < price < 410 for price in former)
    assert new
    assert all(97 < price < 103 for price in new)
    assert batch.quotes[0].previous_close == 100
    # The next listing knows the split itself.
    provider.watch(listed_instruments(WHOLE, at=midnight + timedelta(seconds=2)))
    (quote,) = provider.batch(at=midnight + timedelta(seconds=3)).quotes
    assert 97 < quote.last < 103
    assert quote.previous_close == 99


def test_a_simulator_that_starts_after_the_split_knows_it(apple: Instrument) -> None:
    bars_until_today(apple, ["390", "400", "396"])
    make_quote(apple, last="400", source="simulated")
    at = opening_after(split_tomorrow(apple))
    provider = SimulatedLive(seed=1, trades_per_second=50, clock=lambda: at)
    provider.watch(listed_instruments(WHOLE, at=at))
    (quote,) = provider.batch(at=at + timedelta(seconds=1)).quotes
    assert 97 < quote.last < 103


def test_simulated_days_after_the_split_are_of_new_shares(apple: Instrument) -> None:
    bars_until_today(apple, ["396", "404"] * 30)
    split = split_tomorrow(apple)
    after = split.ex_date + timedelta(days=30)
    days = SimulatedHistory(seed=1).bars(
        apple, interval=Interval.DAY, start_date=split.ex_date, end_date=after
    )
    assert len(days) > 15
    assert all(70 < day.close < 140 for day in days)
