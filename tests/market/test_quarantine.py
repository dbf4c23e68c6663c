"""Rows refused at the door are kept, and judged by staff once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
from django.conf import LazySettings
from django.db import connection

from accounts.errors import HoldfastError
from accounts.models import AuditEvent
from market.corporate_actions.actions import record_action
from market.corporate_actions.facts import ActionFacts
from market.intake.ingestion import store_ticks
from market.intake.price_files import import_file
from market.intake.providers import PriceBatch
from market.intake.quarantine import (
    AlreadyJudged,
    NotReleasable,
    ReleaseRefused,
    UnknownQuarantinedRow,
    reject_row,
    release_row,
)
from market.live.price_door import PriceDoor
from market.models import (
    Bar,
    BarRevision,
    IngestionRun,
    Instrument,
    QuarantinedRow,
    Tick,
)
from market.models.corporate_actions import ActionKind
from tests.market.factories import NOON, make_instrument, make_tick

HEADER = "symbol,date,open,high,low,close,adj_close,volume\n"
CAROL = uuid4()
pytestmark = pytest.mark.django_db


def refused(tmp_path: Path, *rows: str) -> QuarantinedRow:
    """The first refused row of a file."""
    path = tmp_path / "p.csv"
    path.write_text(HEADER + "".join(f"{row}\n" for row in rows))
    run = import_file(path, instruments=None, clock=lambda: NOON)
    return run.refusals.order_by("line", "id")[0]


def release(row: QuarantinedRow, **corrections: str) -> QuarantinedRow:
    return release_row(row.id, corrections=corrections, released_by_id=CAROL, released_at=NOON)


def reject(row: QuarantinedRow) -> QuarantinedRow:
    return reject_row(row.id, rejected_by_id=CAROL, rejected_at=NOON)


def closes(instrument: Instrument, count: int = 20, *, close: str = "100") -> list[str]:
    """Rows of the days before yesterday."""
    first = NOON.date() - timedelta(days=count + 1)
    days = [first + timedelta(days=number) for number in range(count)]
    price = Decimal(close)
    return [f"{instrument.symbol},{day},{price},{price},{price},{price},,5" for day in days]


def test_a_corrected_row_is_stored_and_the_judgement_kept(tmp_path: Path) -> None:
    apple = make_instrument("AAPL")
    row = refused(tmp_path, "AAPL,2020-01-02,10,10.5,9,11,11,5")
    released = release(row, high="12")
    assert (released.status, released.judged_by_id, released.judged_at) == ("released", CAROL, NOON)
    bar = Bar.objects.get(instrument=apple)
    assert (bar.high, bar.adjusted_close) == (Decimal(12), Decimal(11))
    assert bar.source == "file"
    event = AuditEvent.objects.get(action="quarantined_row.released")
    assert (event.before, event.after["high"]) == ({"high": "10.5"}, "12")  # type: ignore[index]


def test_what_was_stored_before_stays_as_a_version(tmp_path: Path) -> None:
    make_instrument("AAPL")
    row = refused(tmp_path, "AAPL,2020-01-02,10,12,9,11,11,5", "AAPL,2020-01-02,10,13,9,11,11,5")
    assert row.code == "duplicate_row"
    release(row)
    assert Bar.objects.get().high == 13
    assert BarRevision.objects.get().bar["high"] == "12"


def test_all_reasons_of_a_line_are_judged_together(tmp_path: Path) -> None:
    make_instrument("AAPL")
    row = refused(tmp_path, "AAPL,2020-01-02,0,10,-1,11,11,5")
    assert QuarantinedRow.objects.count() == 2
    reject(row)
    assert set(QuarantinedRow.objects.values_list("status", flat=True)) == {"rejected"}
    assert AuditEvent.objects.filter(action="quarantined_row.rejected").count() == 1


@pytest.mark.parametrize(
    ("line", "corrections", "field"),
    [
        ("AAPL,2020-01-02,10,10.5,9,11,11,5", {}, "high"),
        ("AAPL,2020-01-02,10,10.5,9,11,11,5", {"high": "12", "low": "11.5"}, "low"),
        ("AAPL,2020-01-02,0,12,0,11,11,5", {}, "open"),
        ("AAPL,2020-01-02,10,12,9,11,11,-5", {}, "volume"),
        ("AAPL,2020-01-02,10,12,9,11,0,5", {}, "adjusted_close"),
        ("AAPL,2026-01-06,10,12,9,11,11,5", {}, "date"),
        ("NONE,2020-01-02,10,12,9,11,11,5", {}, "symbol"),
        ("AAPL,2020-01-02,10,12", {"symbol": "AAPL", "date": "soon"}, "date"),
        ("AAPL,2020-01-02,10,10.5,9,11,11,5", {"high": "1e400"}, "high"),
        ("AAPL,2020-01-02,10,10.5,9,11,11,5", {"high": "NaN"}, "high"),
        ("AAPL,2020-01-02,10,10.5,9,11,11,5", {"high": "12.123456789"}, "high"),
    ],
)
def test_what_cannot_be_true_is_not_released(
    tmp_path: Path, line: str, corrections: dict[str, str], field: str
) -> None:
    make_instrument("AAPL")
    row = refused(tmp_path, line)
    with pytest.raises(ReleaseRefused) as caught:
        release(row, **corrections)
    assert field in {problem.field for problem in caught.value.problems}
    row.refresh_from_db()
    assert row.status == "waiting"
    assert not Bar.objects.exists()


def test_a_row_of_an_instrument_that_is_listed_since_is_released(tmp_path: Path) -> None:
    row = refused(tmp_path, "NEW,2020-01-02,10,12,9,11,11,5")
    new = make_instrument("NEW")
    release(row)
    assert Bar.objects.get().instrument_id == new.id


def test_judged_again_it_stays_and_the_other_way_it_is_refused(tmp_path: Path) -> None:
    make_instrument("AAPL")
    row = refused(tmp_path, "AAPL,2020-01-02,10,10.5,9,11,11,5")
    release(row, high="12")
    assert release(row, high="99").status == "released"
    assert Bar.objects.get().high == 12
    with pytest.raises(AlreadyJudged):
        reject(row)
    other = refused(tmp_path, "AAPL,2020-01-03,10,10.5,9,11,11,5")
    reject(other)
    assert reject(other).status == "rejected"
    with pytest.raises(AlreadyJudged):
        release(other, high="12")


def test_rows_that_are_no_prices_are_only_rejected() -> None:
    run = IngestionRun.objects.create(provider="ecb")
    row = QuarantinedRow.objects.create(
        run=run, line=2, kind="other", code="bad_rate", message="x", raw={}
    )
    with pytest.raises(NotReleasable):
        release(row)
    assert reject(row).status == "rejected"


def test_a_row_that_is_not_there_is_not_judged() -> None:
    with pytest.raises(UnknownQuarantinedRow):
        reject_row(2**40, rejected_by_id=CAROL, rejected_at=NOON)


@pytest.mark.parametrize(
    ("close", "is_spike"), [("148", False), ("150", True), ("68", False), ("66", True)]
)
def test_recent_closes_far_from_those_before_wait_for_somebody(
    tmp_path: Path, close: str, is_spike: bool
) -> None:
    """Twenty deviations of two hundredths: a factor of e^0.4 = 1.49 either way."""
    apple = make_instrument("AAPL")
    path = tmp_path / "p.csv"
    spike = f"AAPL,2026-01-04,{close},{close},{close},{close},,5"
    path.write_text(HEADER + "\n".join([*closes(apple), spike]))
    run = import_file(path, instruments=None, clock=lambda: NOON)
    assert run.rows_read == run.rows_written + run.rows_unchanged + run.rows_refused
    assert list(run.refusals.values_list("code", flat=True)) == (["spike"] if is_spike else [])


@pytest.mark.parametrize(("close", "is_spike"), [("25", False), ("100", True)])
def test_a_split_is_no_spike_and_the_price_of_before_it_is(
    tmp_path: Path, close: str, is_spike: bool
) -> None:
    apple = make_instrument("AAPL")
    path = tmp_path / "p.csv"
    path.write_text(HEADER + "\n".join(closes(apple)))
    import_file(path, instruments=None, clock=lambda: NOON)
    split = ActionFacts(kind=ActionKind.SPLIT, ex_date=date(2026, 1, 4), ratio_from=1, ratio_to=4)
    record_action(instrument=apple, facts=split, source="staff", recorded_at=NOON)
    path.write_text(f"{HEADER}AAPL,2026-01-04,{close},{close},{close},{close},,5\n")
    assert import_file(path, instruments=None, clock=lambda: NOON).rows_refused == is_spike
    tick = make_tick(apple, close, source="venue", after_seconds=-5)
    door = PriceDoor()
    door.renew([apple.id], at=NOON)
    assert len(door.admit(PriceBatch((), (tick,)), at=NOON).refused) == is_spike


def test_a_confirmed_spike_is_stored_and_the_new_level_goes_on(tmp_path: Path) -> None:
    apple = make_instrument("AAPL")
    rows = closes(apple)
    row = refused(tmp_path, *rows, "AAPL,2026-01-04,300,300,300,300,,5")
    assert Bar.objects.count() == 20
    release(row)
    assert Bar.objects.latest("opened_at").close == 300
    path = tmp_path / "next.csv"
    path.write_text(HEADER + "AAPL,2026-01-05,305,305,305,305,,5\n")
    assert import_file(path, instruments=None, clock=lambda: NOON).rows_refused == 0


def test_an_old_history_is_taken_as_published(tmp_path: Path) -> None:
    make_instrument("AAPL")
    days = [date(2020, 1, 1) + timedelta(days=number) for number in range(30)]
    path = tmp_path / "p.csv"
    path.write_text(
        HEADER
        + "".join(
            f"AAPL,{day},{p},{p},{p},{p},,5\n"
            for day, p in zip(days, [9] * 29 + [900], strict=True)
        )
    )
    assert import_file(path, instruments=None, clock=lambda: NOON).rows_refused == 0


def test_fewer_closes_than_needed_judge_nothing(tmp_path: Path, settings: LazySettings) -> None:
    apple = make_instrument("AAPL")
    needed = settings.LIMITS.spike_closes_needed
    for count, found in ((needed - 1, 0), (needed, 1)):
        settings.LIMITS = replace(settings.LIMITS, spike_closes_needed=needed)
        Bar.objects.all().delete()
        path = tmp_path / f"{count}.csv"
        path.write_text(HEADER + "\n".join([*closes(apple, count), "AAPL,2026-01-04,9,9,9,9,,5"]))
        run = import_file(path, instruments=None, clock=lambda: NOON)
        assert run.rows_refused == found


def test_a_tick_is_released_with_its_price_corrected() -> None:
    apple = make_instrument("AAPL")
    store_ticks([make_tick(apple, "-10", source="venue")], received_at=NOON)
    row = QuarantinedRow.objects.get()
    with pytest.raises(ReleaseRefused):
        release(row)
    release(row, price="10")
    tick = Tick.objects.get()
    assert (tick.price, tick.source) == (Decimal(10), "venue")


@pytest.mark.django_db(transaction=True)
def test_of_two_who_judge_at_once_one_is_heard(tmp_path: Path) -> None:
    make_instrument("AAPL")
    row = refused(tmp_path, "AAPL,2020-01-02,10,10.5,9,11,11,5")
    begin = Barrier(2)

    def judge(is_release: bool) -> Any:
        begin.wait(10)
        try:
            return (release(row, high="12") if is_release else reject(row)).status
        except HoldfastError as error:
            return error.code
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        told = list(pool.map(judge, [True, False]))
    row.refresh_from_db()
    assert sorted(told) == sorted(["already_judged", row.status])
    assert Bar.objects.count() == (row.status == "released")
