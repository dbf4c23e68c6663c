"""Price files packed, damaged, too large, or uploaded: taken in or refused whole."""

from __future__ import annotations

import gzip
import io
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from django.conf import LazySettings

from accounts.models import User
from market import tasks
from market.errors import UnreadableFile
from market.intake.price_files import run_import, start_import
from market.models import Bar, IngestionRun, Instrument, QuarantinedRow
from tests.market.factories import make_instrument
from tests.market.price_files import HEADER, NOW, clock, counts, take_in, write


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
        pytest.param(
            zipped({"p.csv": GOOD}).replace(b"p.csv", b"\0.csv"), "names a path", id="no name"
        ),
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
