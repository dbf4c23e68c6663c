"""Runs whose worker is gone in the middle, and runs that are done twice at once."""

from __future__ import annotations

import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import LazySettings
from django.db import Error, connection

from integrations.simulated.history import SimulatedHistory
from market import tasks
from market.intake import price_files
from market.intake.bars import write_arrivals
from market.intake.collection import collect, request_run
from market.intake.price_files import run_import, start_import
from market.models import Bar, IngestionRun, Instrument
from tests.factories import make_daily_bars
from tests.market.collection_desk import (
    NOW,
    OPEN,
    FakeProvider,
    minutes,
    run_at,
    use_fake_providers,
)
from tests.market.factories import make_instrument

FILE = (
    "symbol,date,open,high,low,close,volume\n"
    "AAPL,2020-01-02,10,12,9,11,5\nAAPL,2020-01-03,10,12,9,11,5\n"
)
pytestmark = pytest.mark.django_db(transaction=True)


def clock() -> datetime:
    return NOW


def cut_every_connection() -> None:
    """What PostgreSQL sees of a process that was killed: its connections are gone."""
    parameters = connection.get_connection_params()
    for name in ("context", "cursor_factory", "prepare_threshold", "server_side_binding"):
        parameters.pop(name, None)
    with psycopg.connect(**parameters, autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND backend_type = 'client backend'"
        )


def leave_as_killed(run: IngestionRun) -> None:
    """Unlike one that was killed, this process could write a last word."""
    connection.close()
    IngestionRun.objects.filter(id=run.id).update(status="running", finished_at=None, error="")
    run.refresh_from_db()
    FakeProvider.fail_after_pages = FakeProvider.meanwhile = None


def at_once(work: Callable[[], Any], times: int = 2) -> list[Any]:
    def alone(_: int) -> Any:
        try:
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(alone, range(times)))


@pytest.fixture
def providers(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    return use_fake_providers(settings, monkeypatch)


@pytest.fixture
def upload(settings: LazySettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> IngestionRun:
    settings.UPLOADS = tmp_path
    monkeypatch.setattr(tasks.run_price_import, "delay", lambda *, run_id: None)
    make_instrument("AAPL")
    prices = io.BytesIO(FILE.encode())
    return start_import(prices=prices, name="p.csv", requested_by=None, created_at=NOW)


def test_minutes_of_a_killed_run_stay_and_the_next_one_goes_on(providers: list[str]) -> None:
    make_instrument("AAPL")
    FakeProvider.fail_after_pages = 2
    FakeProvider.meanwhile = cut_every_connection
    run = request_run("first", requested_by_id=None, requested_at=NOW)
    with pytest.raises(Error):
        collect(run.id, clock=clock)
    leave_as_killed(run)
    assert (run.rows_written, minutes()) == (20, 20)
    # Its task comes back, and finds the lock free.
    assert collect(run.id, clock=clock).rows_written == 30
    assert FakeProvider.asked[-1][1] == OPEN + timedelta(minutes=20)
    assert minutes() == 30


def test_a_killed_run_whose_task_never_comes_back_stands_in_nobodys_way(
    providers: list[str],
) -> None:
    make_instrument("AAPL")
    FakeProvider.fail_after_pages = 1
    FakeProvider.meanwhile = cut_every_connection
    dead = request_run("first", requested_by_id=None, requested_at=NOW)
    with pytest.raises(Error):
        collect(dead.id, clock=clock)
    leave_as_killed(dead)
    late = NOW + timedelta(seconds=301)
    assert run_at(late).status == "completed"
    dead.refresh_from_db()
    assert (dead.status, minutes()) == ("stale", 35)


def test_an_upload_whose_worker_was_killed_is_taken_in_wholly_when_it_comes_back(
    upload: IngestionRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*args: Any, **facts: Any) -> Any:
        write_arrivals(*args, **facts)
        cut_every_connection()
        return write_arrivals(*args, **facts)

    monkeypatch.setattr(price_files, "write_arrivals", die)
    with pytest.raises(Error):
        run_import(upload.id, clock=clock)
    connection.close()
    upload.refresh_from_db()
    assert (upload.status, Bar.objects.count()) == ("running", 0)
    monkeypatch.setattr(price_files, "write_arrivals", write_arrivals)
    assert run_import(upload.id, clock=clock).rows_written == 2
    assert Bar.objects.count() == 2


def test_an_upload_that_two_workers_take_up_is_in_once(upload: IngestionRun) -> None:
    at_once(lambda: run_import(upload.id, clock=clock))
    upload.refresh_from_db()
    assert (upload.status, upload.rows_written, Bar.objects.count()) == ("completed", 2, 2)


def test_a_back_fill_that_is_made_twice_at_once_is_made_once() -> None:
    stock = make_instrument("AAPL")
    make_daily_bars(stock, ["10", "11", "12"], first_at=datetime(2025, 12, 1, 5, tzinfo=UTC))
    listed = list(Instrument.objects.select_related("exchange"))
    written = at_once(lambda: SimulatedHistory().backfill(listed, now=NOW))
    assert sum(written) > 0
    assert sum(written) == Bar.objects.filter(source="simulated").count()
    assert SimulatedHistory().backfill(listed, now=NOW) == 0
