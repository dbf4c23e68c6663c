"""Alerts made, changed, armed again and deleted, within the owner's tier."""

from __future__ import annotations

import threading
from collections.abc import Callable
from decimal import Decimal

import orjson
import pytest
from django.db import DatabaseError, connection
from django.utils import timezone

from accounts.models import AuditEvent, User
from accounts.tiers import Tier
from market.alerts.news import changed_channel
from market.alerts.own_alerts import change_alert, create_alert, delete_alert, rearm_alert
from market.errors import AlertExists, AlertRefused, TooManyAlerts
from market.live.live_quotes import valkey
from market.models import Alert, AlertTrigger, Instrument
from tests.factories import make_instrument, make_portfolio, make_quote, make_user
from tests.market.alert_desk import Watcher, make_alert, make_terms
from tests.market.factories import make_tick

pytestmark = pytest.mark.django_db


@pytest.fixture
def apple() -> Instrument:
    """At 100; it closed at 98 the day before."""
    instrument = make_instrument("AAPL")
    make_quote(instrument)
    return instrument


def problems_of(error: AlertRefused) -> dict[str, str]:
    return {problem.field: problem.code for problem in error.problems}


@pytest.mark.parametrize(
    ("kind", "threshold", "status"),
    [
        ("price_above", "110", "armed"),
        ("price_above", "100", "waiting"),
        ("price_below", "90", "armed"),
        ("price_below", "100", "waiting"),
        ("change_pct", "5", "armed"),
        ("change_pct", "2", "waiting"),  # 98 to 100 is 2.04 %
        ("change_pct", "-1", "armed"),
        ("sma_cross", None, "armed"),  # nothing is known of its bars
    ],
)
def test_an_alert_is_armed_unless_it_is_met_already(
    apple: Instrument, kind: str, threshold: str | None, status: str
) -> None:
    alert = make_alert(apple, kind, threshold)
    assert (alert.status, alert.revision, alert.trigger_count) == (status, 1, 0)
    assert alert.compared_at is not None


def test_without_a_price_it_is_armed(db: None) -> None:
    alert = make_alert(make_instrument("NEW"))
    assert (alert.status, alert.compared_at) == ("armed", None)


def test_an_alert_of_nonsense_is_refused(apple: Instrument) -> None:
    with pytest.raises(AlertRefused) as refused:
        make_alert(apple, threshold="-1", note="x" * 121)
    assert problems_of(refused.value) == {"threshold": "out_of_range", "note": "too_long"}
    Instrument.objects.update(is_active=False)
    apple.refresh_from_db()
    with pytest.raises(AlertRefused, match="no longer traded"):
        make_alert(apple)
    assert not Alert.objects.exists()


def test_a_holding_must_be_in_a_portfolio_of_ones_own(apple: Instrument) -> None:
    alice, charlie = make_user(), make_user("charlie@example.com")
    own, other = make_portfolio(alice), make_portfolio(charlie)
    made = make_alert(apple, "holding_gain_pct", "10", owner=alice, portfolio_id=own.id)
    assert made.status == "armed"
    with pytest.raises(AlertRefused) as refused:
        make_alert(apple, "holding_gain_pct", "10", owner=alice, portfolio_id=other.id)
    assert problems_of(refused.value) == {"portfolio_id": "unknown"}


def test_the_same_alert_is_not_made_twice(apple: Instrument) -> None:
    first = make_alert(apple)
    with pytest.raises(AlertExists) as refused:
        make_alert(apple, note="again")
    assert refused.value.alert_id == first.id
    make_alert(apple, owner=make_user("bob@example.com"))
    second = make_alert(apple, threshold="120")
    with pytest.raises(AlertExists):
        change_alert(alert=second, terms=make_terms(), changed_at=timezone.now())


def test_the_tier_limits_how_many_may_fire(apple: Instrument) -> None:
    charlie = make_user("charlie@example.com", tier=Tier.STANDARD)
    alerts = [make_alert(apple, threshold=str(level), owner=charlie) for level in range(110, 115)]
    with pytest.raises(TooManyAlerts, match="includes 5 active alerts"):
        make_alert(apple, threshold="115", owner=charlie)
    Alert.objects.filter(id=alerts[0].id).update(status="triggered")
    make_alert(apple, threshold="115", owner=charlie)
    with pytest.raises(TooManyAlerts):
        rearm_alert(alert=alerts[0], rearmed_at=timezone.now())


def at_once(*works: Callable[[], object]) -> list[BaseException]:
    """Run each in a thread and with a connection of its own; return what they raised."""
    barrier = threading.Barrier(len(works))
    raised: list[BaseException] = []

    def run(work: Callable[[], object]) -> None:
        barrier.wait()
        try:
            work()
        except (AlertExists, TooManyAlerts, Alert.DoesNotExist) as error:
            raised.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[work]) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


@pytest.mark.django_db(transaction=True)
def test_two_requests_at_once_cannot_both_take_the_last_place(apple: Instrument) -> None:
    charlie = make_user("charlie@example.com", tier=Tier.STANDARD)
    for level in range(110, 114):
        make_alert(apple, threshold=str(level), owner=charlie)

    def work(level: str) -> Callable[[], object]:
        return lambda: make_alert(apple, threshold=level, owner=charlie)

    raised = at_once(*(work(str(level)) for level in range(120, 124)))
    assert [type(error) for error in raised] == [TooManyAlerts] * 3
    assert Alert.objects.count() == 5


@pytest.mark.django_db(transaction=True)
def test_two_requests_at_once_make_one_alert(apple: Instrument) -> None:
    alice = make_user()
    raised = at_once(*[lambda: make_alert(apple, owner=alice)] * 3)
    assert [type(error) for error in raised] == [AlertExists] * 2
    assert Alert.objects.count() == 1


def test_changed_terms_are_compared_anew(apple: Instrument) -> None:
    alert = make_alert(apple)
    changed = change_alert(alert=alert, terms=make_terms(threshold="95"), changed_at=timezone.now())
    assert (changed.status, changed.revision, changed.threshold) == ("waiting", 2, Decimal(95))
    repeating = make_terms(threshold="120", repeats=True, cooldown_seconds=60, note=" tell  me ")
    again = change_alert(alert=alert, terms=repeating, changed_at=timezone.now())
    assert (again.status, again.repeats, again.cooldown_seconds) == ("armed", True, 60)
    assert again.note == "tell me"


def test_the_kind_of_an_alert_stays(apple: Instrument) -> None:
    alert = make_alert(apple)
    with pytest.raises(AlertRefused) as refused:
        change_alert(alert=alert, terms=make_terms("price_below"), changed_at=timezone.now())
    assert problems_of(refused.value) == {"kind": "fixed"}


def test_an_alert_that_fired_is_armed_again(apple: Instrument) -> None:
    alert = make_alert(apple)
    assert rearm_alert(alert=alert, rearmed_at=timezone.now()).revision == 1
    Alert.objects.filter(id=alert.id).update(status="triggered")
    make_quote(apple, last="115")
    rearmed = rearm_alert(alert=alert, rearmed_at=timezone.now())
    # The price is still above, so it must come back first.
    assert (rearmed.status, rearmed.revision) == ("waiting", 2)


def test_deleting_leaves_what_fired(apple: Instrument) -> None:
    alert = make_alert(apple)
    watcher = Watcher()
    watcher.see(make_tick(apple, "111", at=timezone.now()))
    watcher.close()
    for _ in range(2):
        delete_alert(alert=alert, deleted_at=timezone.now())
    assert not Alert.objects.exists()
    trigger = AlertTrigger.objects.get()
    assert (trigger.condition, trigger.alert_id) == ("price at or above 110", alert.id)


def test_what_fired_is_not_changed_afterwards(apple: Instrument) -> None:
    make_alert(apple)
    watcher = Watcher()
    watcher.see(make_tick(apple, "111", at=timezone.now()))
    watcher.close()
    with pytest.raises(DatabaseError, match="not changed afterwards"):
        AlertTrigger.objects.update(price=1)


def test_each_change_is_in_the_audit_trail(apple: Instrument) -> None:
    alert = make_alert(apple, note="first")
    change_alert(alert=alert, terms=make_terms(threshold="120"), changed_at=timezone.now())
    Alert.objects.filter(id=alert.id).update(status="triggered")
    rearm_alert(alert=alert, rearmed_at=timezone.now())
    delete_alert(alert=alert, deleted_at=timezone.now())
    events = AuditEvent.objects.filter(target_id=str(alert.id)).order_by("occurred_at", "id")
    assert [event.action for event in events] == [
        "alert.created",
        "alert.changed",
        "alert.rearmed",
        "alert.deleted",
    ]
    created, changed = events[0], events[1]
    assert created.owner_id == alert.owner_id
    assert (created.after or {})["symbol"] == "XNAS:AAPL"
    assert changed.before == {"threshold": "110.00000000", "note": "first"}
    assert changed.after == {"threshold": "120", "note": ""}


@pytest.mark.django_db(transaction=True)
def test_watchers_are_told_once_a_change_holds(apple: Instrument) -> None:
    client = valkey()
    messages = client.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
    messages.subscribe(changed_channel())
    messages.get_message(timeout=1)
    owner: User = make_user()
    alert = create_alert(
        owner=owner, instrument=apple, terms=make_terms(), created_at=timezone.now()
    )
    heard = None
    while heard is None:
        heard = messages.get_message(timeout=5)
    assert orjson.loads(heard["data"]) == [str(alert.id)]
    messages.close()
