"""Price files on their way in: every row accounted for, wholly or not at all."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.models import User
from market.errors import UnknownRun
from market.intake.bars import store_bars
from market.intake.price_files import import_file, run_import
from market.models import Bar, BarRevision, Instrument
from market.queries import bars
from market.values import Interval
from tests.market.factories import decimals, make_bar, make_instrument
from tests.market.price_files import HEADER, NOW, clock, counts, refusals, take_in, write

SHARED = Path(__file__).parents[3] / "shared" / "data"

needs_shared_data = pytest.mark.skipif(
    not SHARED.exists(), reason=f"THE REAL FILE IS NOT TESTED: {SHARED} is absent"
)


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
