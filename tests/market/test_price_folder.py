"""A watched folder: each file once, by what it holds, however often anybody looks."""

from __future__ import annotations

import os
import zipfile
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connection

from market import tasks
from market.intake import price_files
from market.intake.bars import write_arrivals
from market.intake.collection import alone
from market.intake.price_folder import PROVIDER, take_in_folder
from market.models import Bar, IngestionRun, QuarantinedRow
from tests.market.factories import make_instrument

HEADER = "symbol,date,open,high,low,close,volume\n"
NOW = datetime(2026, 1, 5, 17, tzinfo=UTC)
GOOD = "AAPL,2020-01-02,10,12,9,11,5\nAAPL,2020-01-03,10,12,9,11,5\n"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings: LazySettings) -> Path:
    make_instrument("AAPL")
    settings.UPLOADS = tmp_path / "uploads"
    settings.PRICE_FOLDER = tmp_path / "prices"
    settings.PRICE_FOLDER.mkdir()
    return tmp_path / "prices"


def put(path: Path, rows: str = GOOD, *, written_at: datetime = NOW - timedelta(hours=1)) -> Path:
    path.write_text(HEADER + rows)
    os.utime(path, (written_at.timestamp(), written_at.timestamp()))
    return path


def look(at: datetime = NOW) -> list[IngestionRun]:
    return take_in_folder(clock=lambda: at)


def test_a_file_is_taken_in_and_stays_where_it_is(folder: Path) -> None:
    path = put(folder / "prices.csv")
    (run,) = look()
    assert (run.provider, run.source_name, run.status) == ("files", "prices.csv", "completed")
    assert (run.rows_read, run.rows_written) == (2, 2)
    assert set(Bar.objects.values_list("source", flat=True)) == {"files"}
    assert path.exists()
    assert not list((folder.parent / "uploads").iterdir())


def test_the_same_content_is_taken_in_once_whatever_its_name(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(folder / "prices.csv")
    assert len(look()) == 1
    assert look() == []
    put(folder / "copy.csv")
    path.rename(folder / "renamed.csv")
    os.utime(folder / "renamed.csv", (1, 1))
    assert look() == []
    assert IngestionRun.objects.count() == 1
    # By now each is known as it lies there, and not even read.
    monkeypatch.setattr("market.intake.price_folder.copy", None)
    assert look() == []


def test_a_file_that_changed_is_another_and_corrects(folder: Path) -> None:
    put(folder / "prices.csv")
    look()
    put(folder / "prices.csv", GOOD.replace(",11,", ",11.5,"), written_at=NOW)
    (run,) = look(NOW + timedelta(minutes=1))
    assert (run.rows_written, run.notes["bars_superseded"]) == (2, 2)


def test_zips_are_files_too_and_other_things_are_not(folder: Path) -> None:
    with zipfile.ZipFile(folder / "p.ZIP", "w") as archive:
        archive.writestr("p.csv", HEADER + GOOD)
    os.utime(folder / "p.ZIP", (1, 1))
    put(folder / ".hidden.csv")
    put(folder / "notes.txt")
    (folder / "more.csv").mkdir()
    (folder / "link.csv").symlink_to(folder / ".hidden.csv")
    assert [run.source_name for run in look()] == ["p.ZIP"]


def test_a_file_still_being_written_waits(folder: Path, settings: LazySettings) -> None:
    settled = timedelta(seconds=settings.LIMITS.price_folder_settled_seconds)
    put(folder / "prices.csv", written_at=NOW)
    assert look(NOW + settled - timedelta(seconds=1)) == []
    assert len(look(NOW + settled)) == 1


def test_refused_rows_are_kept_with_their_reasons(folder: Path) -> None:
    put(folder / "prices.csv", GOOD + "NONE,2020-01-02,1,1,1,1,1\nAAPL,2020-01-06,10,5,9,11,5\n")
    (run,) = look()
    assert (run.rows_read, run.rows_written, run.rows_refused) == (4, 2, 2)
    assert set(QuarantinedRow.objects.values_list("code", flat=True)) == {
        "unknown_symbol",
        "high_too_low",
    }


@pytest.mark.django_db(transaction=True)
def test_a_file_that_cannot_be_read_fails_once_and_the_others_go_on(folder: Path) -> None:
    (folder / "a.csv").write_text("symbol,date\n")
    os.utime(folder / "a.csv", (1, 1))
    put(folder / "b.csv")
    assert [run.status for run in look()] == ["failed", "completed"]
    assert "missing" in IngestionRun.objects.get(source_name="a.csv").error
    assert look() == []


@pytest.mark.django_db(transaction=True)
def test_a_file_whose_worker_died_midway_is_taken_in_wholly_later(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(folder / "prices.csv")
    real = write_arrivals

    def die(*args: Any, **facts: Any) -> Any:
        real(*args, **facts)
        raise KeyboardInterrupt

    monkeypatch.setattr(price_files, "write_arrivals", die)
    with pytest.raises(KeyboardInterrupt):
        look()
    assert IngestionRun.objects.get().status == "failed"
    assert not Bar.objects.exists()
    monkeypatch.setattr(price_files, "write_arrivals", real)
    (run,) = look()
    assert (run.status, run.rows_written, run.error) == ("completed", 2, "")
    assert IngestionRun.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_who_look_at_once_take_each_file_in_once(folder: Path) -> None:
    for number in range(3):
        put(folder / f"{number}.csv", GOOD.replace("2020", f"201{number}"))

    def work(_: int) -> int:
        try:
            return len(look())
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(work, range(2)))
    look()
    assert sum(found) in {3, 0}
    assert list(IngestionRun.objects.values_list("status", flat=True)) == ["completed"] * 3
    assert Bar.objects.filter(interval="1d").count() == 6


def test_while_another_looks_nothing_is_done(folder: Path) -> None:
    put(folder / "prices.csv")
    with alone(PROVIDER) as is_alone:
        assert is_alone
        assert look() == []
    assert not IngestionRun.objects.exists()


def test_no_folder_and_one_that_is_gone_are_no_failure(
    folder: Path, settings: LazySettings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.PRICE_FOLDER = folder / "gone"
    assert look() == []
    assert "PRICE_FOLDER cannot be read" in caplog.text
    settings.PRICE_FOLDER = None
    tasks.take_in_folder()
    assert not IngestionRun.objects.exists()
