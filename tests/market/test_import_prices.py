"""Price files on their way in: every row accounted for, wholly or not at all."""

from __future__ import annotations

import gzip
import io
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.models import User
from market import tasks
from market.errors import UnknownRun, UnreadableFile
from market.intake.bars import store_bars
from market.intake.price_files import import_file, run_import, start_import
from market.models import Bar, BarRevision, IngestionRun, Instrument, QuarantinedRow
from market.queries import bars
from market.values import Interval
from tests.market.factories import decimals, make_bar, make_instrument

HEADER = "symbol,date,open,high,low,close,adj_close,volume\n"
NOW = datetime(2026, 1, 5, 17, tzinfo=UTC)
SHARED = Path(__file__).parents[3] / "shared" / "data"

needs_shared_data = pytest.mark.skipif(
    not SHARED.exists(), reason=f"THE REAL FILE IS NOT TESTED: {SHARED} is absent"
)


def clock() -> datetime:
    return NOW


def write(path: Path, rows: str, *, header: str = HEADER) -> Path:
    path.write_text(header + rows)
    return path


def take_in(path: Path, **more: Any) -> IngestionRun:
    return import_file(path, instruments=None, clock=clock, **more)


def counts(run: IngestionRun) -> tuple[int, int, int, int]:
    return run.rows_read, run.rows_written, run.rows_unchanged, run.rows_refused


def refusals(run: IngestionRun) -> list[tuple[int, str]]:
    return list(run.refusals.order_by("line", "code").values_list("line", "code"))


@pytest.mark.django_db
def test_rows_become_daily_bars_of_local_dates(tmp_path: Path) -> None:
    apple = make_instrument("AAPL")
    run = take_in(write(tmp_path / "p.csv", "AAPL,2020-01-02,10,12.5,9,11,10.5,1000\n"))
    assert counts(run) == (1, 1, 0, 0)
    bar = Bar.objects.get(instrument=apple)
    assert bar.opened_at == datetime(2020, 1, 2, 5, tzinfo=UTC)  # midnight in New York
    assert (bar.open, bar.high, bar.adjusted_close) == decimals("10 12.5 10.5")
    assert bar.source == "file"


@pytest.mark.django_db
def test_the_same_file_again_writes_nothing(tmp_path: Path) -> None:
    make_instrument("AAPL")
    path = write(
        tmp_path / "p.csv", "AAPL,2020-01-02,10,12,9,11,11,5\nAAPL,2020-01-03,1,1,1,1,1,0\n"
    )
    take_in(path)
    before = list(Bar.objects.order_by("opened_at").values())
    assert counts(take_in(path)) == (2, 0, 2, 0)
    assert list(Bar.objects.order_by("opened_at").values()) == before
    assert not BarRevision.objects.exists()


@pytest.mark.django_db
def test_a_correction_supersedes_and_is_remembered(tmp_path: Path) -> None:
    make_instrument("AAPL")
    take_in(write(tmp_path / "a.csv", "AAPL,2020-01-02,10,12,9,11,11,5\n"))
    run = take_in(write(tmp_path / "b.csv", "AAPL,2020-01-02,10,13,9,11,11,5\n"))
    assert counts(run) == (1, 1, 0, 0)
    assert Bar.objects.get().high == 13
    revision = BarRevision.objects.get()
    assert (revision.bar["high"], revision.bar["source"], revision.run) == ("12", "file", run)


@pytest.mark.django_db
def test_real_prices_supersede_simulated_ones_and_not_the_reverse(tmp_path: Path) -> None:
    apple = make_instrument("AAPL")
    opened_at = datetime(2020, 1, 2, 5, tzinfo=UTC)
    row = make_bar(apple, "10 12 9 11", at=opened_at, volume="5")
    store_bars([row], source="simulated", recorded_at=NOW)
    take_in(write(tmp_path / "p.csv", "AAPL,2020-01-02,10,12,9,11,11,5\n"))
    assert Bar.objects.get().source == "file"
    stored = store_bars([row._replace(high=Decimal(20))], source="simulated", recorded_at=NOW)
    assert (stored.written, stored.unchanged) == (0, 1)
    assert Bar.objects.get().high == 12


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("row", "code"),
    [
        pytest.param("NONE,2020-01-02,10,12,9,11,11,5", "unknown_symbol", id="unknown symbol"),
        pytest.param("VOD,2020-01-02,10,12,9,11,11,5", "ambiguous_symbol", id="two exchanges"),
        pytest.param("AAPL,2020-01-02,0,12,0,11,11,5", "price_not_positive", id="zero price"),
        pytest.param("AAPL,2020-01-02,10,12,-9,11,11,5", "price_not_positive", id="negative low"),
        pytest.param("AAPL,2020-01-02,10,10.5,9,11,11,5", "high_too_low", id="high below close"),
        pytest.param("AAPL,2020-01-02,10,12,10.5,11,11,5", "low_too_high", id="low above open"),
        pytest.param("AAPL,2020-01-02,10,12,9,11,11,-5", "volume_negative", id="negative volume"),
        pytest.param("AAPL,2026-01-06,10,12,9,11,11,5", "future_time", id="tomorrow"),
        pytest.param("AAPL,2020-01-02,10,12,9,11,0,5", "price_not_positive", id="zero adjusted"),
        pytest.param("AAPL,2020-01-02,1e400,12,9,11,11,5", "number_out_of_range", id="1e400"),
        pytest.param("AAPL,2020-01-02,10,12", "malformed_row", id="cut off"),
    ],
)
def test_rows_that_cannot_be_true_are_refused(tmp_path: Path, row: str, code: str) -> None:
    make_instrument("AAPL")
    make_instrument("VOD", mic="XLON")
    make_instrument("VOD", mic="XNAS")
    run = take_in(write(tmp_path / "p.csv", f"{row}\nAAPL,2020-01-03,1,1,1,1,1,1\n"))
    assert counts(run) == (2, 1, 0, 1)
    assert refusals(run) == [(2, code)]


@pytest.mark.django_db
def test_another_currency_is_refused(tmp_path: Path) -> None:
    make_instrument("AAPL")
    header = HEADER.strip() + ",currency\n"
    rows = "AAPL,2020-01-02,10,12,9,11,11,5,EUR\nAAPL,2020-01-03,10,12,9,11,11,5,USD\n"
    run = take_in(write(tmp_path / "p.csv", rows, header=header))
    assert refusals(run) == [(2, "wrong_currency")]


@pytest.mark.django_db
def test_a_full_address_tells_listings_apart(tmp_path: Path) -> None:
    make_instrument("VOD", mic="XLON", currency="GBP")
    nasdaq = make_instrument("VOD", mic="XNAS")
    take_in(write(tmp_path / "p.csv", "XNAS:VOD,2020-01-02,10,12,9,11,11,5\n"))
    assert Bar.objects.get().instrument_id == nasdaq.id


@pytest.mark.django_db
def test_of_duplicates_the_first_sound_row_counts(tmp_path: Path) -> None:
    make_instrument("AAPL")
    make_instrument("MSFT")
    rows = (
        "AAPL,2020-01-02,10,12,9,11,11,5\n"  # 2: counts
        "AAPL,2020-01-02,10,12,9,11,11,5\n"  # 3: says the same
        "AAPL,2020-01-02,10,12,9,11.5,11,5\n"  # 4: says something else
        "XNYS:AAPL,2020-01-02,0,0,0,0,0,0\n"  # 5: something else, and impossible
        "MSFT,2020-01-02,0,0,0,0,0,0\n"  # 6: impossible
        "MSFT,2020-01-02,1,1,1,1,1,1\n"  # 7: the first sound one
    )
    run = take_in(write(tmp_path / "p.csv", rows))
    assert counts(run) == (6, 2, 1, 3)
    assert refusals(run) == [
        (4, "duplicate_row"),
        (5, "duplicate_row"),
        (5, "price_not_positive"),
        (6, "price_not_positive"),
    ]
    assert "line 2 already gives AAPL on 2020-01-02" in run.refusals.get(line=4).message


@pytest.mark.django_db
def test_rows_without_volume_are_real_and_noted(tmp_path: Path) -> None:
    make_instrument("AAPL")
    run = take_in(write(tmp_path / "p.csv", "AAPL,2020-01-02,10,12,9,11,11,0\n"))
    assert counts(run) == (1, 1, 0, 0)
    assert run.notes["rows_without_volume"] == 1


@pytest.mark.django_db
def test_marks_line_ends_quotes_and_a_missing_end_are_all_right(tmp_path: Path) -> None:
    apple = make_instrument("AAPL")
    path = tmp_path / "p.csv"
    lines = [
        HEADER.strip(),
        '"AAPL","2020-01-02",10,12,9,11,11,5',
        "",
        "AAPL,2020-01-03,1,1,1,1,1,1",
    ]
    path.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(lines).encode())
    assert counts(take_in(path)) == (2, 2, 0, 0)
    assert len(bars(apple, interval=Interval.DAY)) == 2


@pytest.mark.django_db
@pytest.mark.parametrize("pack", ["gzip", "zip"])
def test_packed_files_are_read(tmp_path: Path, pack: str) -> None:
    make_instrument("AAPL")
    content = (HEADER + "AAPL,2020-01-02,10,12,9,11,11,5\n").encode()
    path = tmp_path / "prices"
    path.write_bytes(gzip.compress(content) if pack == "gzip" else zipped({"p.csv": content}))
    assert counts(take_in(path)) == (1, 1, 0, 0)


def zipped(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


GOOD = (HEADER + "AAPL,2020-01-02,10,12,9,11,11,5\n" * 3).encode()
LONG = (HEADER + "".join(f"AAPL,2020-01-02,10,12,9,11,11,{n}\n" for n in range(200_000))).encode()


def lie_about_size(archive: bytes) -> bytes:
    """Declare fewer bytes than the member unpacks to, in both of its headers."""
    declared = (64).to_bytes(4, "little")
    real = len(LONG).to_bytes(4, "little")
    assert archive.count(real) == 2
    return archive.replace(real, declared)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(b"", "empty", id="empty"),
        pytest.param(
            b"symbol,date,close\nA,2020-01-02,1\n", "open, high, low, volume", id="columns"
        ),
        pytest.param(b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "header", id="a picture"),
        pytest.param(zipped({"../p.csv": GOOD}), "names a path", id="zip slip"),
        pytest.param(zipped({"/etc/p.csv": GOOD}), "names a path", id="absolute path"),
        pytest.param(zipped({"a/p.csv": GOOD}), "names a path", id="folder"),
        pytest.param(zipped({"a.csv": GOOD, "b.csv": GOOD}), "holds 2 files", id="two members"),
        pytest.param(zipped({}), "holds 0 files", id="no member"),
        pytest.param(zipped({"p.csv": GOOD})[:-30], "damaged or cut off", id="zip cut off"),
        pytest.param(gzip.compress(LONG)[:-3000], "damaged or cut off", id="gzip cut off"),
        pytest.param(zipped({"p.csv": b"a" * 40_000_000}), "-fold", id="bomb by ratio"),
        pytest.param(gzip.compress(b"a" * 400_000), "longer than", id="no line ends"),
        pytest.param(lie_about_size(zipped({"p.csv": LONG})), "damaged", id="zip lies"),
    ],
)
def test_files_that_cannot_be_taken_in_store_nothing(
    tmp_path: Path, content: bytes, words: str
) -> None:
    make_instrument("AAPL")
    path = tmp_path / "prices"
    path.write_bytes(content)
    with pytest.raises(UnreadableFile, match=words):
        take_in(path)
    run = IngestionRun.objects.get()
    assert run.status == "failed"
    assert words in run.error
    assert not Bar.objects.exists()
    assert not QuarantinedRow.objects.exists()


@pytest.mark.django_db
def test_what_unpacks_beyond_the_limit_is_refused(tmp_path: Path, settings: LazySettings) -> None:
    make_instrument("AAPL")
    path = tmp_path / "prices"
    path.write_bytes(gzip.compress(GOOD))  # gzip does not say how much it unpacks to
    settings.LIMITS = replace(settings.LIMITS, archive_unpacked_bytes=len(GOOD))
    assert take_in(path).status == "completed"
    settings.LIMITS = replace(settings.LIMITS, archive_unpacked_bytes=len(GOOD) - 1)
    with pytest.raises(UnreadableFile, match="unpacks to more"):
        take_in(path)
    path.write_bytes(zipped({"p.csv": GOOD}))
    with pytest.raises(UnreadableFile, match="unpacks to"):
        take_in(path)


@pytest.mark.django_db
def test_a_file_with_too_much_wrong_is_refused_whole(
    tmp_path: Path, settings: LazySettings
) -> None:
    make_instrument("AAPL")
    rows = "NONE,2020-01-02,1,1,1,1,1,1\n" * 3 + "AAPL,2020-01-02,1,1,1,1,1,1\n"
    settings.LIMITS = replace(settings.LIMITS, price_file_refusals=2)
    with pytest.raises(UnreadableFile, match="3 rows or more are wrong"):
        take_in(write(tmp_path / "p.csv", rows))
    assert not Bar.objects.exists()
    settings.LIMITS = replace(settings.LIMITS, price_file_refusals=3)
    assert counts(take_in(tmp_path / "p.csv")) == (4, 1, 0, 3)


@pytest.mark.django_db(transaction=True)
def test_an_upload_is_kept_queued_and_taken_in(
    tmp_path: Path, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.UPLOADS = tmp_path
    queued: list[str] = []
    monkeypatch.setattr(tasks.run_price_import, "delay", lambda *, run_id: queued.append(run_id))
    alice = User.objects.create_user("alice@example.com")
    instruments = b"symbol,name,exchange_mic,currency\nAAPL,Apple,XNAS,USD\n"
    run = start_import(
        prices=io.BytesIO(GOOD),
        name="C:/folder/../prices.csv",
        instruments=io.BytesIO(instruments),
        requested_by=alice,
        created_at=NOW,
    )
    assert queued == [str(run.id)]
    assert (run.status, run.source_name) == ("pending", "prices.csv")
    done = run_import(run.id, clock=clock)
    assert (done.status, *counts(done)) == ("completed", 3, 1, 2, 0)
    assert Instrument.objects.get().name == "Apple"
    assert not list(tmp_path.iterdir())
    assert counts(run_import(run.id, clock=clock)) == (3, 1, 2, 0)  # delivered twice
    assert IngestionRun.objects.count() == 1


@pytest.mark.django_db
def test_an_upload_that_is_no_price_file_is_refused_at_once(
    tmp_path: Path, settings: LazySettings
) -> None:
    settings.UPLOADS = tmp_path
    for content in (b"", b"symbol,date\n", zipped({"../a": GOOD}), zipped({"a": GOOD})[:50]):
        with pytest.raises(UnreadableFile):
            start_import(
                prices=io.BytesIO(content), name="p.csv", requested_by=None, created_at=NOW
            )
    settings.LIMITS = replace(settings.LIMITS, upload_bytes=len(GOOD) - 1)
    with pytest.raises(UnreadableFile, match="at most"):
        start_import(prices=io.BytesIO(GOOD), name="p.csv", requested_by=None, created_at=NOW)
    assert not list(tmp_path.iterdir())
    assert not IngestionRun.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_an_upload_damaged_in_the_middle_fails_and_says_so(
    tmp_path: Path, settings: LazySettings
) -> None:
    settings.UPLOADS = tmp_path
    make_instrument("AAPL")
    upload = io.BytesIO(gzip.compress(LONG)[:-3000])
    run = start_import(prices=upload, name="p.gz", requested_by=None, created_at=NOW)
    done = run_import(run.id, clock=clock)
    assert done.status == "failed"
    assert "cut off" in done.error
    assert not Bar.objects.exists()
    assert not list(tmp_path.iterdir())


@pytest.mark.django_db
def test_a_run_that_never_was_is_unknown() -> None:
    with pytest.raises(UnknownRun):
        run_import(User(email="x").id)


@pytest.mark.django_db
def test_the_command_says_what_it_did(tmp_path: Path) -> None:
    make_instrument("AAPL")
    path = write(
        tmp_path / "p.csv", "AAPL,2020-01-02,10,12,9,11,11,0\nNONE,2020-01-02,1,1,1,1,1,1\n"
    )
    said = io.StringIO()
    call_command("import_prices", path, stdout=said)
    assert said.getvalue().splitlines() == [
        "2 rows read, 1 written, 0 unchanged, 1 refused.",
        "  rows without volume: 1",
        "  line 3: unknown_symbol: There is no instrument NONE.",
    ]


@pytest.mark.django_db
def test_the_command_refuses_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no file"):
        call_command("import_prices", tmp_path / "none.csv")
    path = tmp_path / "p.csv"
    path.write_text("symbol,date\n")
    with pytest.raises(CommandError, match="missing"):
        call_command("import_prices", path)


def vacuum(table: str) -> None:
    """Count a table's rows as PostgreSQL does by itself: those not committed yet are none."""
    words = connection.get_connection_params()
    with psycopg.connect(
        autocommit=True,
        **{
            name: words[name]
            for name in ("host", "port", "user", "password", "dbname")
            if name in words
        },
    ) as other:
        other.execute(f"VACUUM {table}")


@needs_shared_data
@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.django_db
def test_the_real_file_comes_out_exactly() -> None:
    path = SHARED / "sp500_daily_2015_2020.zip"
    run = import_file(path, instruments=SHARED / "instruments.csv", clock=clock)
    assert counts(run) == (592_358, 592_352, 0, 6)
    assert run.notes["rows_without_volume"] == 435
    assert refusals(run) == [
        (98_308, "high_too_low"),
        (99_543, "duplicate_row"),
        (99_543, "price_not_positive"),
        (161_307, "high_too_low"),
        (177_269, "low_too_high"),
        (498_591, "duplicate_row"),
        (550_926, "duplicate_row"),
    ]
    assert Bar.objects.count() == 592_352
    assert Instrument.objects.count() == 482
    vacuum("market_bar")
    again = import_file(path, instruments=SHARED / "instruments.csv", clock=clock)
    assert counts(again) == (592_358, 0, 592_352, 6)


@needs_shared_data
@pytest.mark.django_db
def test_a_slice_of_the_real_file_with_its_blemishes(tmp_path: Path) -> None:
    with zipfile.ZipFile(SHARED / "sp500_daily_2015_2020.zip") as archive:
        lines = archive.read(archive.namelist()[0]).decode().splitlines(keepends=True)
    path = tmp_path / "slice.csv"
    path.write_text(lines[0] + "".join(lines[98_000:100_000]))
    run = import_file(path, instruments=SHARED / "instruments.csv", clock=clock)
    assert counts(run) == (2_000, 1_998, 0, 2)
    assert [code for _, code in refusals(run)] == [
        "high_too_low",
        "duplicate_row",
        "price_not_positive",
    ]
