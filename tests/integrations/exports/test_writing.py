"""Files are whole or not there; what dies goes on, what is old goes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from pytest_django import Settings

from accounts.closing import close_account
from accounts.models import User
from accounts.table_files import Row, Table, parquet_chunks
from integrations import outbox
from integrations.exports import datasets, keeping, nights, writing
from integrations.exports.errors import ExportNotReady, ExportRefused
from integrations.models import Export, ExportFile, Notification, OutboxEvent
from market.models import Instrument
from tests.factories import make_instrument, make_portfolio, make_user
from tests.integrations.exports.desk import DAY, LATER, ask, make_ticks, written
from tests.trading.factories import Clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice() -> User:
    return make_user()


@pytest.fixture
def apple() -> Instrument:
    return make_instrument()


def ticks_of(alice: User) -> Export:
    return ask(alice, "ticks", symbols=("AAPL",), start=date(2026, 3, 1))


def failures_told() -> list[str]:
    return [event.data["reason"] for event in OutboxEvent.objects.filter(kind="export.failed")]


def files_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_each_file_is_told_with_its_size_and_its_hash(alice: User, apple: Instrument) -> None:
    make_ticks(apple)
    export = written(ticks_of(alice))
    files = list(export.files.order_by("path"))
    assert files_in(export.folder) == [file.path for file in files]
    for file in files:
        content = (export.folder / file.path).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (file.bytes, file.sha256)
    assert export.rows == sum(file.rows for file in files) == 6
    assert export.bytes == sum(file.bytes for file in files)
    assert (export.parts_done, export.parts_total) == (5, 5)
    assert export.expires_at == LATER + 7 * DAY


def test_of_days_without_rows_there_is_no_file(alice: User, apple: Instrument) -> None:
    export = written(ticks_of(alice))
    assert (export.status, export.rows, export.files.count()) == ("completed", 0, 0)
    assert not export.folder.exists()


def test_a_second_message_finds_it_taken(alice: User, apple: Instrument) -> None:
    make_ticks(apple)
    export = written(written(ticks_of(alice)))
    assert export.files.count() == 2


def dying_at(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker is killed while it writes that part."""
    real, count = datasets.table_of, 0

    def table_of(*args: Any) -> Table:
        nonlocal count
        count += 1
        table = real(*args)
        return replace(table, rows=lambda: killed(table)) if count == number else table

    monkeypatch.setattr(datasets, "table_of", table_of)


def killed(table: Table) -> Iterator[Row]:
    yield next(iter(table.rows()))
    raise SystemExit


def test_another_worker_goes_on_where_one_died(
    alice: User, apple: Instrument, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_ticks(apple)
    export = ticks_of(alice)
    with monkeypatch.context() as patch:
        dying_at(3, patch)
        with pytest.raises(SystemExit):
            written(export)
    export.refresh_from_db()
    assert (export.status, export.parts_done) == ("running", 2)
    assert files_in(export.folder) == ["ticks/day=2026-03-02/ticks.parquet"]
    keeping.tend(at=LATER + timedelta(minutes=16))
    export.refresh_from_db()
    assert export.status == "running"  # whoever was at it might still be
    keeping.tend(at=LATER + timedelta(minutes=17))
    export = written(export, at=LATER + timedelta(minutes=18))
    assert (export.status, export.rows, export.files.count()) == ("completed", 6, 2)
    assert len(files_in(export.folder)) == 2
    outbox.relay_due(at=LATER + timedelta(minutes=19))
    told = Notification.objects.get()
    assert (told.owner, told.title) == (alice, "Your export of ticks is ready")
    assert told.text.startswith("6 rows, ")
    assert told.path == "/exports"


def test_what_kills_every_worker_is_given_up(alice: User, apple: Instrument) -> None:
    make_ticks(apple)
    export = ticks_of(alice)
    for hour in range(3):
        Export.objects.filter(id=export.id, status="queued").update(
            status="running", seen_at=LATER + timedelta(hours=hour)
        )
        keeping.tend(at=LATER + timedelta(hours=hour, minutes=17))
    export.refresh_from_db()
    assert (export.status, export.error_code) == ("failed", "stale")
    assert export.removed_at is not None
    assert failures_told() == [keeping.SILENT]


class Hurrying(Clock):
    """Each look takes two minutes."""

    def __call__(self) -> Any:
        return self.advance(minutes=2)


def test_a_long_one_gives_way_and_goes_on(
    alice: User,
    apple: Instrument,
    django_capture_on_commit_callbacks: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_ticks(apple)
    export, sent = ticks_of(alice), list[UUID]()
    monkeypatch.setattr("integrations.exports.requesting._send", sent.append)
    with django_capture_on_commit_callbacks(execute=True):
        writing.write_export(export.id, clock=Hurrying(LATER))
    export.refresh_from_db()
    assert (export.status, export.parts_done, sent) == ("queued", 1, [export.id])
    for _ in range(4):
        writing.write_export(export.id, clock=Hurrying(LATER))
    export.refresh_from_db()
    assert (export.status, export.rows) == ("completed", 6)


@pytest.mark.parametrize(("allowed", "status"), [(6, "completed"), (5, "failed")])
def test_too_many_rows_are_refused_and_nothing_of_them_stays(
    alice: User, apple: Instrument, settings: Settings, allowed: int, status: str
) -> None:
    settings.LIMITS = replace(settings.LIMITS, export_rows=allowed)
    make_ticks(apple)
    export = written(ticks_of(alice))
    assert export.status == status
    if status == "failed":
        assert (export.error_code, export.removed_at) == ("export_too_large", LATER)
        assert "more than 5 rows" in export.error
        assert not export.folder.exists()
        assert not ExportFile.objects.exists()


def test_a_failure_of_ours_is_told_in_general(
    alice: User, apple: Instrument, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_ticks(apple)
    export = ticks_of(alice)

    def broken(*_: object) -> Table:
        raise RuntimeError("a secret of the machine")

    monkeypatch.setattr(datasets, "table_of", broken)
    with pytest.raises(RuntimeError):
        written(export)
    export.refresh_from_db()
    assert (export.status, export.error_code) == ("failed", "unforeseen")
    assert "secret" not in export.error
    assert failures_told() == [export.error]


def test_rows_pass_a_batch_at_a_time(alice: User, apple: Instrument, settings: Settings) -> None:
    settings.LIMITS = replace(settings.LIMITS, download_batch_rows=100)
    waiting, most = 0, 0

    def rows() -> Iterator[Row]:
        nonlocal waiting, most
        for number in range(1000):
            waiting += 1
            most = max(most, waiting)
            yield ("XNAS", str(number))

    table = Table(name="many", columns=datasets.OF_INSTRUMENT, rows=rows)

    def chunks(wanted: Table) -> Iterator[bytes]:
        nonlocal waiting
        for chunk in parquet_chunks(wanted):
            waiting = 0
            yield chunk

    path = Path(settings.EXPORTS) / "many.parquet"
    found = writing.write_file(table, path, most=1000, chunks=chunks)
    assert found is not None
    assert found.rows == 1000
    assert most <= 101


def test_files_go_when_their_time_is_over(alice: User, apple: Instrument) -> None:
    make_ticks(apple)
    export = written(ticks_of(alice))
    keeping.tend(at=LATER + 7 * DAY - timedelta(seconds=1))
    assert files_in(export.folder)
    keeping.tend(at=LATER + 7 * DAY)
    export.refresh_from_db()
    assert (export.is_ready, export.folder.exists()) == (False, False)
    assert export.rows == 6  # what it was is still told


def test_of_a_closed_account_no_files_stay(alice: User, apple: Instrument) -> None:
    make_ticks(apple)
    export, other = written(ticks_of(alice)), ticks_of(alice)
    close_account(user_id=alice.id, closed_at=LATER)
    written(other)
    keeping.tend(at=LATER)
    assert not export.folder.exists()
    assert not other.folder.exists()


def test_a_night_is_asked_for_once_and_missed_ones_are_caught_up() -> None:
    before_two = LATER.replace(hour=1, minute=59)
    assert nights.request_due_nights(at=before_two) == len(nights.WANTED)
    assert {one.start for one in Export.objects.nightly()} == {LATER.date() - 2 * DAY}
    assert nights.request_due_nights(at=before_two) == 0
    assert nights.request_due_nights(at=LATER.replace(hour=2)) == len(nights.WANTED)
    assert nights.request_due_nights(at=LATER + 3 * DAY) == 3 * len(nights.WANTED)
    assert nights.request_due_nights(at=LATER + 60 * DAY) == 7 * len(nights.WANTED)


def test_no_nights_where_none_are_wanted(settings: Settings) -> None:
    settings.EXPORT_NIGHTS = 0
    assert nights.request_due_nights(at=LATER) == 0


def test_a_day_is_written_anew_in_the_same_place(apple: Instrument) -> None:
    make_ticks(apple)
    day = date(2026, 3, 2)
    ticks = next(
        one for one in nights.write_day(day=day, requested_at=LATER) if one.dataset == "ticks"
    )
    with pytest.raises(ExportNotReady):
        nights.write_day(day=day, requested_at=LATER)
    for night in Export.objects.nightly():
        written(night)
    first = files_in(ticks.folder)
    again = nights.write_day(day=day, requested_at=LATER + DAY)
    assert len(again) == len(nights.WANTED)
    assert written(ticks, at=LATER + DAY).rows == 3
    assert files_in(ticks.folder) == first
    assert ticks.expires_at == LATER + 31 * DAY


@pytest.mark.parametrize("day", [LATER.date(), LATER.date() - 31 * DAY])
def test_a_day_that_is_not_over_or_long_gone_is_not_written(day: date) -> None:
    with pytest.raises(ExportRefused):
        nights.write_day(day=day, requested_at=LATER)


def test_nights_hold_all_portfolios(alice: User) -> None:
    for owner in (alice, make_user("bob@example.com")):
        make_portfolio(owner, opened_at=LATER)
    nights.request_due_nights(at=LATER + DAY)
    journal = Export.objects.nightly().get(dataset="journal")
    assert written(journal, at=LATER + DAY).rows == 4
