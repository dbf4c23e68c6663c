"""Watchlists, alerts and indices in an export of everything, and back."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.models import AuditEvent, User
from accounts.tiers import Tier
from market.alerts.kinds import AlertKind, AlertStatus
from market.alerts.own_alerts import create_alert
from market.alerts.terms import AlertTerms, Condition
from market.corporate_actions.actions import record_action
from market.corporate_actions.facts import ActionFacts
from market.models import Alert, Instrument, Watchlist
from market.models.corporate_actions import ActionKind
from market.watchlist_items import change_item
from market.watchlists import add_symbols, create_watchlist, remove_symbols
from portfolio.indices.index_files import IndexFile
from portfolio.indices.own_indices import keep_closes, keep_index
from portfolio.models import IndexSeries
from portfolio.takeout.own_things import Brought
from tests.factories import make_quote, make_user
from tests.portfolio.takeout.desk import SYMBOLS, back, files_of, items_of, open_tracked

pytestmark = pytest.mark.django_db

OWN = ("watchlists", "alerts", "indices")
FIRST_DAY = date(2024, 1, 1)


def own_in(files: dict[str, bytes]) -> dict[str, bytes]:
    return {path: text for path, text in files.items() if path.partition(".")[0] in OWN}


def watch(owner: User, name: str, symbols: list[str], **notes: str) -> Watchlist:
    now = timezone.now()
    made = create_watchlist(owner=owner, name=name, created_at=now)
    add_symbols(watchlist=made, symbols=symbols, added_at=now)
    for symbol, note in notes.items():
        change_item(watchlist=made, address=symbol, note=note, changed_at=now)
    return made


def alert(owner: User, instrument: Instrument, kind: str = "price_above", **facts: Any) -> Alert:
    terms = {name: facts.pop(name) for name in ("repeats", "note") if name in facts}
    if "threshold" in facts:
        facts["threshold"] = Decimal(facts["threshold"])
    made = AlertTerms(condition=Condition(kind=AlertKind(kind), **facts), **terms)
    now = timezone.now()
    return create_alert(owner=owner, instrument=instrument, terms=made, created_at=now)


def index(owner: User, name: str, closes: dict[date, Decimal]) -> IndexSeries:
    now = timezone.now()
    return keep_index(owner=owner, name=name, found=IndexFile(closes=dict(closes)), added_at=now)


def days(*closes: str) -> dict[date, Decimal]:
    return {FIRST_DAY + timedelta(days=n): Decimal(close) for n, close in enumerate(closes)}


def random_things(dice: random.Random, owner: User, known: list[Instrument]) -> None:
    portfolio = open_tracked(owner)
    for number in range(dice.randint(1, 3)):
        symbols = dice.sample(SYMBOLS, dice.randint(0, 4))
        notes = {symbol: 'so, "so"' for symbol in symbols if dice.random() < 0.5}
        watched = watch(owner, f"List {number}", symbols, **notes)
        if len(symbols) > 2:
            remove_symbols(watchlist=watched, symbols=symbols[:1], removed_at=timezone.now())
    for number in range(6):
        of = dice.choice(known)
        kinds: list[tuple[str, dict[str, Any]]] = [
            ("price_above", {"threshold": f"{number + 1}.25", "repeats": number > 3}),
            ("rsi_below", {"threshold": f"{number + 9}"}),
            ("sma_cross", {"length": number + 5, "fast_length": 2}),
            ("holding_gain_pct", {"threshold": f"-{number + 1}", "portfolio_id": portfolio.id}),
        ]
        kind, facts = dice.choice(kinds)
        made = alert(owner, of, kind, **facts)
        if dice.random() < 0.5:
            status = dice.choice(list(AlertStatus))
            Alert.objects.filter(id=made.id).update(status=status.value)
    for number in range(2):
        closes = {
            FIRST_DAY + timedelta(days=day): Decimal(dice.randint(1, 10**12)).scaleb(-6)
            for day in range(dice.randint(1, 30))
        }
        index(owner, f'World "{number}", net', closes)


@pytest.mark.parametrize("seed", range(5))
def test_export_restore_export_gives_the_same_bytes(
    alice: User, bob: User, known: list[Instrument], seed: int
) -> None:
    random_things(random.Random(seed), alice, known)
    before = files_of(alice)
    brought = back(bob, before)
    assert brought.left_out == []
    assert set(own_in(before)) == {f"{name}.{kind}" for name in OWN for kind in ("csv", "json")}
    assert own_in(files_of(bob)) == own_in(before)
    again = back(bob, {path: text for path, text in before.items() if "/" not in path})
    assert (again.watchlists, again.watched, again.indices) == (0, 0, 0)


def test_what_he_has_already_is_not_doubled(alice: User, known: list[Instrument]) -> None:
    watch(alice, "Mine", ["AAPL", "MSFT"], AAPL="mine")
    alert(alice, known[0], threshold="110")
    fired = alert(alice, known[1], threshold="110")
    Alert.objects.filter(id=fired.id).update(status="triggered")
    index(alice, "World", days("1", "2"))
    files = files_of(alice)
    assert back(alice, files) == Brought()
    assert own_in(files_of(alice)) == own_in(files)


def test_a_list_of_the_same_name_gets_what_it_lacks_and_keeps_its_own(
    alice: User, bob: User, known: list[Instrument]
) -> None:
    watch(alice, "Mine", ["AAPL", "MSFT", "NVDA"], AAPL="from the zip", MSFT="this too")
    watch(bob, "Mine", ["TSLA", "MSFT", "AAPL"], AAPL="his own")
    brought = back(bob, files_of(alice))
    assert (brought.watchlists, brought.watched) == (0, 1)
    assert items_of(bob, "Mine") == [
        ("TSLA", ""),
        ("MSFT", "this too"),
        ("AAPL", "his own"),
        ("NVDA", ""),
    ]


def test_each_thing_that_cannot_come_back_is_named(
    alice: User, known: list[Instrument], settings: Settings
) -> None:
    dora = make_user("dora@example.com", tier=Tier.STANDARD)
    watch(alice, "Full", ["AAPL", "MSFT", "NVDA"])
    watch(alice, "Second", ["AAPL"])
    for number in range(6):
        alert(alice, known[0], threshold=f"{number + 1}")
    index(alice, "World", days("1"))
    index(alice, "Another", days("1"))
    files = files_of(alice)
    files["watchlists.json"] = files["watchlists.json"].replace(b"MSFT", b"GONE")
    files["alerts.json"] = files["alerts.json"].replace(b"AAPL", b"GONE", 1)
    settings.LIMITS = replace(settings.LIMITS, watchlist_items=1, indices_per_user=1)
    brought = back(dora, files)
    assert [(one.kind, one.name, one.code) for one in brought.left_out] == [
        ("watchlist_item", "XNAS:GONE", "unknown_symbol"),
        ("watchlist_item", "XNAS:NVDA", "watchlist_full"),
        ("watchlist", "Second", "allowance_exceeded"),
        ("alert", "XNAS:GONE: price at or above 1", "unknown_symbol"),
        ("index", "World", "too_many"),
    ]
    assert (brought.watchlists, brought.watched, brought.alerts, brought.indices) == (1, 1, 5, 1)


def test_alerts_come_back_within_the_allowance_and_fired_ones_beyond_it(
    alice: User, known: list[Instrument]
) -> None:
    dora = make_user("dora@example.com", tier=Tier.STANDARD)
    for number in range(7):
        alert(alice, known[0], threshold=f"{number + 1}")
    Alert.objects.filter(threshold=7).update(status="triggered")
    brought = back(dora, files_of(alice))
    assert brought.alerts == 6
    assert [one.code for one in brought.left_out] == ["allowance_exceeded"]
    assert Alert.objects.for_user(dora).filter(status="triggered").count() == 1


def test_an_alert_that_is_met_by_now_waits_instead_of_firing(
    alice: User, bob: User, known: list[Instrument]
) -> None:
    alert(alice, known[0], threshold="90")
    files = files_of(alice)
    make_quote(known[0])  # at 100
    assert back(bob, files).alerts == 1
    found = Alert.objects.get(owner=bob)
    assert (found.status, found.compared_at is not None) == ("waiting", True)
    event = AuditEvent.objects.get(action="alert.restored")
    assert (event.owner_id, (event.after or {})["status"]) == (bob.id, "waiting")


def test_a_split_after_the_export_counts(alice: User, bob: User, known: list[Instrument]) -> None:
    made = alert(alice, known[0], threshold="400")
    long_ago = timezone.now() - timedelta(days=30)
    Alert.objects.filter(id=made.id).update(given_at=long_ago, created_at=long_ago)
    files = files_of(alice)
    now = timezone.now()
    split = ActionFacts(
        kind=ActionKind.SPLIT,
        ex_date=now.date() - timedelta(days=5),
        ratio_from=1,
        ratio_to=4,
    )
    record_action(instrument=known[0], facts=split, source="staff", recorded_at=now)
    back(bob, files)
    found = Alert.objects.get(owner=bob)
    assert (found.threshold, found.given_threshold) == (Decimal(100), Decimal(400))
    assert back(bob, files).alerts == 0


def test_an_index_of_the_same_name_is_filled_or_stands_beside(alice: User, bob: User) -> None:
    index(alice, "World", days("1", "2", "3"))
    files = files_of(alice)
    filled = index(bob, "world", days("1"))
    assert back(bob, files).indices == 1
    assert filled.closes.count() == 3
    keep_closes(filled, IndexFile(closes=days("9")), added_at=timezone.now())
    assert back(bob, files).indices == 1
    assert back(bob, files).indices == 0
    assert sorted(IndexSeries.objects.for_user(bob).values_list("name", flat=True)) == [
        "World (2)",
        "world",
    ]
