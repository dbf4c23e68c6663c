"""What a sync brings into the books: everything, once, whatever happens on the way."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from pytest_django import Settings

from integrations import http
from integrations.brokers.rehearsing import Told
from integrations.connections import own_connections, syncing
from integrations.connections.errors import ConnectionDisabled, ConnectionRefused
from integrations.connections.own_connections import ConnectionChange
from integrations.models import (
    BrokerRow,
    Connection,
    Sync,
)
from integrations.models.connections import BrokerRowStatus, SyncKind, SyncStatus
from market.live.live_quotes import prefixed, valkey
from portfolio.activities import record_activity
from portfolio.models import JournalEntry
from portfolio.recording.activity_rules import ActivityDraft
from tests.factories import make_instrument, make_portfolio
from tests.integrations.connections.desk import START, Desk, cash_of, told, units_of
from trading.broker_errors import RequestInvalid


def test_a_history_comes_into_the_books(any_desk: Desk) -> None:
    sync = any_desk.sync(any_desk.connect())
    assert (sync.status, sync.error) == ("completed", "")
    assert (sync.rows_read, sync.rows_new, sync.rows_booked, sync.rows_waiting) == (4, 4, 4, 0)
    assert units_of(any_desk.portfolio) == {"AAPL": Decimal(6)}
    assert cash_of(any_desk.portfolio) == Decimal("743.5")
    assert sync.differences == []


def test_the_same_history_twice_adds_nothing(any_desk: Desk) -> None:
    connection = any_desk.connect()
    any_desk.sync(connection)
    entries = set(JournalEntry.objects.values_list("id", flat=True))
    valkey().flushall()
    again = any_desk.sync(connection)
    assert again.status == "completed"
    assert (again.rows_new, again.rows_booked) == (0, 0)
    assert set(JournalEntry.objects.values_list("id", flat=True)) == entries


def test_another_connection_to_the_same_account_adds_nothing(desk: Desk) -> None:
    desk.sync(desk.connect())
    again = desk.sync(desk.connect(name="Again"))
    assert (again.rows_new, again.rows_booked, again.rows_known) == (4, 0, 4)
    assert units_of(desk.portfolio) == {"AAPL": Decimal(6)}


def test_what_was_recorded_by_hand_is_not_booked_again(desk: Desk) -> None:
    made = ActivityDraft(kind="deposit", occurred_at=START, amount=Decimal(1000), currency="USD")
    record_activity(portfolio=desk.portfolio, activity=made, recorded_at=timezone.now())
    # Alpaca tells days of money alone, and not moments.
    desk.vendor.world.happenings[0] = replace(
        desk.vendor.world.happenings[0], occurred_at=START.replace(hour=0)
    )
    sync = desk.sync(desk.connect())
    assert (sync.rows_booked, sync.rows_known) == (3, 1)
    assert cash_of(desk.portfolio) == Decimal("743.5")


def test_only_what_is_new_is_asked_for_and_what_comes_late_is_found(
    desk: Desk, settings: Settings
) -> None:
    connection = desk.connect()
    desk.sync(connection)
    late = told(2, "fee", amount=Decimal(1))
    new = told(4, "deposit", amount=Decimal(5))
    world = desk.vendor.world
    world.happenings = sorted(
        [*world.happenings, replace(late, id="late"), new], key=lambda one: one.occurred_at
    )
    sync = desk.sync(Connection.objects.get(id=connection.id))
    assert (sync.rows_new, sync.rows_booked) == (2, 2)
    asked = [one.query["after"] for one in desk.vendor.asked if "after" in one.query]
    assert asked[-1] < wire(START)


def wire(moment: Any) -> str:
    return str(moment.isoformat())


def test_what_names_an_unknown_instrument_waits_and_is_booked_later(desk: Desk) -> None:
    trade = told(4, "buy", symbol="ODD", quantity=Decimal(1), unit_price=Decimal(10))
    desk.vendor.world.happenings.append(trade)
    connection = desk.connect()
    sync = desk.sync(connection)
    assert (sync.rows_booked, sync.rows_waiting) == (4, 1)
    waiting = BrokerRow.objects.get(status=BrokerRowStatus.PROBLEM)
    assert waiting.problems[0]["code"] == "unknown_symbol"
    assert "ODD" in waiting.raw
    make_instrument("EVEN")
    change = ConnectionChange(symbols={"ODD": "EVEN"})
    own_connections.change_connection(
        owner=desk.owner, connection_id=connection.id, change=change, changed_at=timezone.now()
    )
    sync = desk.sync(Connection.objects.get(id=connection.id))
    assert (sync.rows_booked, sync.rows_waiting) == (1, 0)
    assert units_of(desk.portfolio)["EVEN"] == 1


def test_what_lies_in_the_future_by_their_clock_waits_until_then(desk: Desk) -> None:
    now = timezone.now()
    ahead = replace(
        told(4, "buy", symbol="AAPL", quantity=Decimal(1), unit_price=Decimal(10)),
        occurred_at=now + timedelta(minutes=5),
    )
    desk.vendor.world.happenings.append(ahead)
    connection = desk.connect()
    assert desk.sync(connection).rows_waiting == 1
    connection.refresh_from_db()
    assert connection.read_through is not None
    assert connection.read_through <= timezone.now()
    later = desk.sync(connection, clock=lambda: now + timedelta(minutes=6))
    assert (later.rows_booked, later.rows_waiting) == (1, 0)


def test_differences_are_shown_and_not_booked(desk: Desk) -> None:
    world = desk.vendor.world
    world.cash = Decimal(800)
    world.positions = [replace(world.positions[0], quantity=Decimal("6.5"))]
    sync = desk.sync(desk.connect())
    assert sync.differences == [
        {"what": "units", "name": "AAPL", "broker": "6.5", "books": "6", "difference": "0.5"},
        {"what": "cash", "name": "USD", "broker": "800", "books": "743.5", "difference": "56.5"},
    ]
    assert units_of(desk.portfolio) == {"AAPL": Decimal(6)}


def test_a_busy_broker_is_left_and_gone_on_with_where_it_stopped(desk: Desk) -> None:
    desk.vendor.world.happenings = [
        told(0, "deposit", amount=Decimal(1)),
        *(
            replace(
                told(0, "buy", symbol="AAPL", quantity=Decimal(1), unit_price=Decimal(2)),
                id=f"{number:05}",
                occurred_at=START + timedelta(seconds=number),
            )
            for number in range(1, 250)
        ),
    ]
    connection = desk.connect()

    def second_page(asked: Any, answer: Any) -> Told | None:
        is_second = "page_token" in asked.query
        return Told(429, {}, {"Retry-After": "900"}) if is_second else None

    desk.vendor.faults.append(second_page)
    sync = desk.sync(connection)
    assert (sync.status, sync.rows_read, sync.pages) == ("queued", 100, 1)
    assert sync.not_before is not None
    syncing.run_sync(sync.id, clock=timezone.now)
    assert Sync.objects.get(id=sync.id).status == "queued"
    desk.vendor.faults.clear()
    valkey().delete(prefixed(f"brokers:pace:{connection.id.hex}"))
    later = timezone.now() + timedelta(minutes=16)
    syncing.run_sync(sync.id, clock=lambda: later)
    sync.refresh_from_db()
    assert (sync.status, sync.rows_read, sync.rows_booked) == ("completed", 250, 250)


@pytest.mark.parametrize("status", [500, 503])
def test_a_broker_that_is_unwell_fails_the_sync_and_nothing_else(desk: Desk, status: int) -> None:
    connection = desk.connect()
    desk.vendor.faults.append(lambda asked, answer: Told(status, b"down"))
    sync = desk.sync(connection)
    assert (sync.status, sync.error_code) == ("failed", "broker_unavailable")
    connection.refresh_from_db()
    assert connection.state == "unverified"


def test_a_verification_reads_nothing(desk: Desk) -> None:
    connection = desk.connect()
    sync = desk.sync(connection, kind=SyncKind.VERIFICATION)
    assert (sync.status, sync.rows_read) == ("completed", 0)
    connection.refresh_from_db()
    assert connection.state == "connected"
    assert not JournalEntry.objects.filter(portfolio=desk.portfolio).exists()


def test_one_sync_at_a_time_and_each_message_once(desk: Desk) -> None:
    connection = desk.connect()
    now = timezone.now()
    ask: dict[str, Any] = {"owner": desk.owner, "connection_id": connection.id, "requested_at": now}
    first = syncing.request_sync(kind=SyncKind.SYNC, **ask)
    assert syncing.request_sync(kind=SyncKind.VERIFICATION, **ask).id == first.id
    syncing.run_sync(first.id, clock=timezone.now)
    asked = len(desk.vendor.asked)
    syncing.run_sync(first.id, clock=timezone.now)
    assert len(desk.vendor.asked) == asked


def test_the_clock_asks_for_what_is_due_once(desk: Desk, settings: Settings) -> None:
    connection = desk.connect()
    desk.sync(connection)
    later = timezone.now() + timedelta(seconds=settings.LIMITS.connection_sync_seconds + 1)
    assert syncing.request_due(at=timezone.now()) == 0
    assert syncing.request_due(at=later) == 1
    assert syncing.request_due(at=later) == 0
    assert Sync.objects.working().get().is_scheduled


def test_what_a_dead_worker_left_is_ended(desk: Desk, settings: Settings) -> None:
    connection = desk.connect()
    Sync.objects.create(
        connection=connection,
        status=SyncStatus.RUNNING,
        requested_at=timezone.now(),
        seen_at=timezone.now(),
    )
    syncing.request_due(at=timezone.now())
    assert Sync.objects.get().status == "running"
    late = timezone.now() + timedelta(seconds=settings.LIMITS.sync_silence_seconds + 1)
    syncing.request_due(at=late)
    assert Sync.objects.get(error_code="stale").status == "failed"


def test_a_disabled_connection_asks_nobody(desk: Desk) -> None:
    connection = desk.connect()
    change = ConnectionChange(is_enabled=False)
    own_connections.change_connection(
        owner=desk.owner, connection_id=connection.id, change=change, changed_at=timezone.now()
    )
    with pytest.raises(ConnectionDisabled):
        desk.sync(connection)
    assert desk.vendor.asked == []


def test_a_paper_portfolio_never_reaches_a_broker(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not by a connection, not by a row that is bent to it, and not by one in memory."""
    paper = make_portfolio(desk.owner)
    with pytest.raises(ConnectionRefused, match="never connected"):
        desk.connect(portfolio_id=paper.id)
    connection = desk.connect()
    with pytest.raises(IntegrityError, match="no tracked portfolio"), transaction.atomic():
        Connection.objects.filter(id=connection.id).update(portfolio=paper)

    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("a request left for a paper portfolio")

    monkeypatch.setattr(http, "send", refuse)
    connection.portfolio = paper
    with pytest.raises(RequestInvalid, match="never reaches a broker"):
        syncing.sign_in(connection)
    assert desk.vendor.asked == []
