"""Recorded prices played again: the same each time, at any speed, from any kind of file."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from threading import Event

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.conf import LazySettings

from integrations.replay.live import ReplayLive
from integrations.replay.recordings import (
    UnreadableRecording,
    read_recording,
    recordings,
    symbol_of,
)
from market.intake.ingestion import store_quotes, store_ticks
from market.intake.providers import ListedInstrument, PriceBatch, live_provider
from market.models import Bar, QuarantinedRow, QuoteSnapshot, Tick
from market.series.price_tables import tick_table
from market.values import QuoteValue, TickValue
from tests.market.factories import make_instrument, make_tick

RECORDED = datetime(2026, 1, 5, 14, 30, tzinfo=UTC)
NOW = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)
TICKS = "occurred_at,price,size,source\n"


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


def listed(number: int = 1, symbol: str = "AAPL", mic: str = "XNAS") -> ListedInstrument:
    return ListedInstrument(
        instrument_id=number,
        symbol=symbol,
        mic=mic,
        timezone="America/New_York",
        currency="USD",
        tick_size=Decimal("0.01"),
        lot_size=Decimal(1),
        previous_close=Decimal(9),
    )


def moment(seconds: float) -> str:
    return (RECORDED + timedelta(seconds=seconds)).isoformat()


def write_ticks(path: Path, rows: Sequence[tuple[float, str]]) -> Path:
    lines = "".join(f"{moment(seconds)},{price},5,iex\n" for seconds, price in rows)
    path.write_text(TICKS + lines)
    return path


@pytest.fixture
def folder(tmp_path: Path, settings: LazySettings) -> Path:
    settings.REPLAY_FILES = tmp_path
    return tmp_path


def play(*instruments: ListedInstrument, seconds: int = 300, step: float = 1) -> list[PriceBatch]:
    clock = Clock()
    replay = ReplayLive(clock=clock)
    replay.watch(instruments or [listed()])
    batches = []
    while clock.now <= NOW + timedelta(seconds=seconds):
        batches.append(replay.batch(at=clock.now))
        clock.now += timedelta(seconds=step)
    return batches


def ticks_of(batches: Sequence[PriceBatch]) -> list[TickValue]:
    return [tick for batch in batches for tick in batch.ticks]


def after(ticks: Sequence[TickValue]) -> list[tuple[float, str]]:
    return [((tick.occurred_at - NOW).total_seconds(), str(tick.price)) for tick in ticks]


def test_a_recording_is_played_from_now_on_at_its_pace(folder: Path) -> None:
    write_ticks(folder / "AAPL-ticks.csv", [(0, "10"), (2, "11"), (2.5, "12")])
    batches = play()
    assert after(ticks_of(batches)) == [(0, "10"), (2, "11"), (2.5, "12")]
    assert len(batches[0].ticks) == 1
    quote = batches[2].quotes[0]
    assert (quote.last, quote.last_size) == (Decimal(11), Decimal(5))
    assert (quote.bid, quote.source) == (None, "replayed")
    assert quote.previous_close == 9
    assert batches[-1] == PriceBatch((), ())


@pytest.mark.parametrize(("speed", "second"), [("2", 5.0), ("0.5", 20.0), ("100", 0.1)])
def test_a_speed_shortens_and_lengthens(
    folder: Path, settings: LazySettings, speed: str, second: float
) -> None:
    settings.REPLAY_SPEED = Decimal(speed)
    write_ticks(folder / "AAPL.csv", [(0, "10"), (10, "11")])
    assert after(ticks_of(play())) == [(0, "10"), (second, "11")]


def test_the_same_recording_gives_the_same_whatever_the_steps(folder: Path) -> None:
    write_ticks(folder / "AAPL.csv", [(n * 0.7, f"{10 + n % 3}") for n in range(200)])
    write_ticks(folder / "MSFT.csv", [(n * 0.7, f"{20 + n % 3}") for n in range(200)])
    both = [listed(), listed(2, "MSFT")]
    once = ticks_of(play(*both, step=1))
    assert ticks_of(play(*both, step=7)) == once
    assert ticks_of(play(*both, step=0.5)) == once
    assert len({tick.provider_tick_id for tick in once}) == 400


def test_nobody_waits_for_the_night_between_two_days(folder: Path) -> None:
    write_ticks(folder / "AAPL.csv", [(0, "10"), (16 * 3600, "11")])
    assert after(ticks_of(play())) == [(0, "10"), (60, "11")]


def test_at_its_end_it_stops_or_begins_anew(folder: Path, settings: LazySettings) -> None:
    write_ticks(folder / "AAPL.csv", [(0, "10"), (60, "11")])
    assert len(ticks_of(play(seconds=300))) == 2
    settings.REPLAY_AT_END = "loop"
    looped = ticks_of(play(seconds=300))
    assert after(looped[:4]) == [(0, "10"), (60, "11"), (61, "10"), (121, "11")]
    assert len({tick.provider_tick_id for tick in looped}) == len(looped)
    write_ticks(folder / "AAPL.csv", [(0, "10")])
    assert len(ticks_of(play(seconds=10))) == 11


def test_quotes_stand_with_their_sizes_once_a_price_is_known(folder: Path) -> None:
    (folder / "all.csv").write_text(
        "occurred_at,symbol,price,size,bid,bid_size,ask,ask_size\n"
        f"{moment(0)},XNAS:AAPL,,,9.9,100,10.1,200\n"
        f"{moment(1)},AAPL,10,3,,,,\n"
        f"{moment(2)},AAPL,,,9.8,50,,\n"
        f"{moment(2)},NOBODY,1,1,,,,\n"
    )
    batches = play(seconds=3)
    assert [len(batch.quotes) for batch in batches] == [0, 1, 1, 0]
    first, second = batches[1].quotes[0], batches[2].quotes[0]
    assert (first.bid, first.ask, first.ask_size) == (Decimal("9.9"), Decimal("10.1"), Decimal(200))
    assert first.bid_levels == ((Decimal("9.9"), Decimal(100)),)
    assert (second.bid, second.ask, second.last) == (Decimal("9.8"), None, Decimal(10))
    assert len(ticks_of(batches)) == 1


def test_nothing_is_played_before_anybody_watches(folder: Path) -> None:
    write_ticks(folder / "AAPL.csv", [(0, "10"), (5, "11")])
    replay = ReplayLive(clock=Clock())
    assert replay.batch(at=NOW) == PriceBatch((), ())
    replay.watch([listed()])
    later = NOW + timedelta(seconds=30)
    assert [tick.occurred_at for tick in replay.batch(at=later).ticks] == [later]


def test_a_symbol_of_two_exchanges_needs_its_exchange(folder: Path) -> None:
    write_ticks(folder / "VOD.csv", [(0, "10")])
    write_ticks(folder / "XLON:VOD.csv", [(0, "20")])
    ticks = ticks_of(play(listed(1, "VOD", "XNAS"), listed(2, "VOD", "XLON"), seconds=2))
    assert [(tick.instrument_id, tick.price) for tick in ticks] == [(2, Decimal(20))]


def test_gzip_and_parquet_are_read_alike(folder: Path) -> None:
    rows = [(n * 0.25, f"{10 + n}.5") for n in range(50)]
    plain = write_ticks(folder / "AAPL.csv", rows)
    packed = folder / "AAPL.csv.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    columnar = folder / "AAPL.parquet"
    table = pa.table(
        {
            "occurred_at": pa.array(
                [RECORDED + timedelta(seconds=seconds) for seconds, _ in rows],
                pa.timestamp("us", tz="UTC"),
            ),
            "price": pa.array([Decimal(price) for _, price in rows], pa.decimal128(20, 8)),
            "size": pa.array([Decimal(5)] * 50, pa.decimal128(28, 10)),
        }
    )
    pq.write_table(table, columnar)
    expected = list(read_recording(plain))
    assert len(expected) == 50
    assert list(read_recording(packed)) == expected
    assert list(read_recording(columnar)) == expected
    assert [path.name for path in recordings(folder)] == [
        "AAPL.csv",
        "AAPL.csv.gz",
        "AAPL.parquet",
    ]


@pytest.mark.parametrize(
    ("name", "symbol"),
    [
        ("AAPL-ticks.csv", "AAPL"),
        ("aapl.csv.gz", "AAPL"),
        ("XNAS:AAPL.parquet", "XNAS:AAPL"),
        ("BRK.B-ticks.parquet", "BRK.B"),
    ],
)
def test_a_files_name_says_the_symbol(name: str, symbol: str) -> None:
    assert symbol_of(Path(name)) == symbol


@pytest.mark.parametrize(
    "bad",
    [
        "yesterday,10,5,iex\n",
        "2026-01-05T14:30:01,10,5,iex\n",
        f"{moment(9)},ten,5,iex\n",
        f"{moment(9)},0,5,iex\n",
        f"{moment(9)},-1,5,iex\n",
        f"{moment(9)},NaN,5,iex\n",
        f"{moment(9)},,5,iex\n",
        f"{moment(-1)},10,5,iex\n",
        '"unfinished',
    ],
)
def test_a_row_that_makes_no_sense_ends_a_recording(
    folder: Path, caplog: pytest.LogCaptureFixture, bad: str
) -> None:
    path = write_ticks(folder / "AAPL.csv", [(0, "10"), (1, "11")])
    with path.open("a") as file:
        file.write(bad)
    with pytest.raises(UnreadableRecording, match=r"AAPL\.csv cannot be read"):
        list(read_recording(path))
    assert len(ticks_of(play(seconds=20))) == 2
    assert "The recording ends here" in caplog.text


def test_damaged_files_and_foreign_ones_are_named(folder: Path) -> None:
    (folder / "a.parquet").write_bytes(b"PAR1 nothing")
    (folder / "b.csv.gz").write_bytes(gzip.compress(b"occurred_at,price\n" * 9)[:-9])
    (folder / "c.csv").write_text("time,price\n1,2\n")
    for path in recordings(folder):
        with pytest.raises(UnreadableRecording, match=path.name):
            list(read_recording(path))


def test_without_files_the_feed_does_not_start(folder: Path, settings: LazySettings) -> None:
    settings.LIVE_PROVIDER = settings.LIVE_PROVIDERS["replay"]
    (folder / "notes.txt").touch()
    with pytest.raises(UnreadableRecording, match="holds no"):
        live_provider()
    settings.REPLAY_FILES = folder / "gone"
    with pytest.raises(UnreadableRecording):
        live_provider()


def test_a_feed_told_to_stop_stops(folder: Path) -> None:
    write_ticks(folder / "AAPL.csv", [(0, "10")])
    stop = Event()
    stop.set()
    assert list(ReplayLive().batches(stop)) == []


@pytest.mark.django_db
def test_what_was_downloaded_is_played_and_stored_as_replayed(folder: Path) -> None:
    apple = make_instrument("AAPL", mic="XNAS")
    recorded = [
        make_tick(apple, str(100 + n), at=RECORDED, after_seconds=n, source="iex")
        for n in range(30)
    ]
    store_ticks(recorded, received_at=RECORDED + timedelta(minutes=5))
    table = tick_table(apple, start=None, end=None)
    columns = [column.name for column in table.columns]
    rows = [dict(zip(columns, row, strict=True)) for row in table.rows()]
    pq.write_table(pa.Table.from_pylist(rows), folder / f"{table.name}.parquet")

    batches = play(listed(apple.id), seconds=60)
    quotes: list[QuoteValue] = [quote for batch in batches for quote in batch.quotes]
    stored = store_ticks(ticks_of(batches), received_at=NOW + timedelta(minutes=2))
    store_quotes(quotes)
    assert (stored.written, stored.refused) == (30, ())
    assert Tick.objects.filter(source="replayed").count() == 30
    assert Bar.objects.get(interval="1m", opened_at=NOW).close == 129
    assert QuoteSnapshot.objects.get().source == "replayed"
    assert not QuarantinedRow.objects.exists()
