"""A feed that watches 100,000 alerts beside publishing, against the same feed without any.

A provider hands over batches on a fixed schedule, whether or not the feed keeps up. Measured is
how late the feed takes them, the processor time of the process, and of each alert whose level
the prices reach how long after the tick its trigger stood in the database, and how often.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from django.db import connection

from accounts.models import User
from bench.harness import Options, Report, alternate, measured, peak_memory_mib
from market.intake.partitions import ensure_tick_partitions
from market.intake.providers import ListedInstrument, PriceBatch
from market.live.price_feed import PriceFeed
from market.live.shard_leader import Shard
from market.models import Alert, AlertTrigger, Exchange, Instrument
from market.values import TickValue

ALERTS: Final = 100_000
SYMBOLS: Final = 500
TICKS_PER_SECOND: Final = 5_000
BATCHES_PER_SECOND: Final = 20
SECONDS: Final = 20.0
PATIENCE_SECONDS: Final = 60.0  # for the alerts to be read before the first price
CENT: Final = Decimal("0.01")
START: Final = 10_000  # cents


def run(options: Options) -> Report:
    report = Report("alerts", options.seed, options.rounds)
    desk = Desk(options)
    results = alternate(options.rounds, {"ours": desk.with_alerts, "limit": desk.without_alerts})
    report.add(
        f"lateness of the feed, p99, {TICKS_PER_SECOND:,} ticks/s",
        unit="ms",
        ours=[1000 * late for late in results["ours"]],
        at_most=1000 / BATCHES_PER_SECOND,
    )
    report.add("lateness without alerts, p99", unit="ms", ours=[1000 * x for x in results["limit"]])
    report.add("CPU of the feed", unit="s/s", ours=desk.cpu["ours"], limit=desk.cpu["limit"])
    report.add("crossing to trigger, p99", unit="ms", ours=desk.delays_p99, at_most=1000)
    report.add("crossing to trigger, longest", unit="ms", ours=desk.delays_max, at_most=1000)
    report.add("triggers missed or doubled", unit="alerts", ours=desk.wrong, at_most=0)
    fired = ", ".join(f"{count:,}" for count in desk.fired)
    report.notes.append(f"{desk.alerts:,} alerts armed; fired: {fired}")
    report.memory_mib = peak_memory_mib()
    return report


class Desk:
    """Instruments, alerts, and one feed at a time."""

    def __init__(self, options: Options) -> None:
        self._chance = random.Random(options.seed)
        self._seconds = max(2.0, SECONDS * options.scale)
        self.alerts = int(ALERTS * options.scale)
        self.cpu: dict[str, list[float]] = {"ours": [], "limit": []}
        self.delays_p99: list[float] = []
        self.delays_max: list[float] = []
        self.wrong: list[float] = []
        self.fired: list[int] = []
        self._owner = User.objects.create_user("bench@example.com", tier="admin")
        exchange = Exchange.objects.create(
            mic="XNYS", name="NYSE", timezone="America/New_York", calendar="XNYS", country="US"
        )
        self._instruments = Instrument.objects.bulk_create(
            Instrument(symbol=f"S{n}", name=f"S{n}", exchange=exchange, currency="USD")
            for n in range(SYMBOLS)
        )
        ensure_tick_partitions(first_date=datetime.now(UTC).date(), days=3)

    def with_alerts(self) -> float:
        levels = self._arm()
        provider = self._run("ours")
        self._judge(levels, provider)
        return provider.lateness_p99

    def without_alerts(self) -> float:
        Alert.objects.all().delete()
        return self._run("limit").lateness_p99

    def _arm(self) -> dict[tuple[int, Decimal, str], int]:
        """Arm alerts within and beyond the reach of the walk; return how many stand where."""
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE market_alert, market_alerttrigger")
        levels: dict[tuple[int, Decimal, str], int] = {}
        armed_at = datetime.now(UTC)  # prices of the round before are none of theirs
        made = []
        for _ in range(self.alerts):
            instrument = self._chance.choice(self._instruments)
            offset = self._chance.choice((-1, 1)) * self._chance.randint(5, 400)
            direction = "above" if offset > 0 else "below"
            level = (START + offset) * CENT
            key = (instrument.id, level, direction)
            levels[key] = levels.get(key, 0) + 1
            made.append(
                Alert(
                    owner=self._owner,
                    instrument=instrument,
                    kind=f"price_{direction}",
                    direction=direction,
                    threshold=level,
                    status="armed",
                    compared_at=armed_at,
                )
            )
        Alert.objects.bulk_create(made, batch_size=5_000)
        return levels

    def _run(self, name: str) -> ScheduledWalk:
        watching = WatchingAlerts()
        provider = ScheduledWalk(
            self._instruments,
            self._chance.random(),
            self._seconds,
            are_watched=watching.has_begun,
        )
        feed = PriceFeed(
            shard=Shard(0, 1), make_provider=lambda: provider, clock=lambda: datetime.now(UTC)
        )
        stop = threading.Event()

        def lead() -> None:
            feed.run(stop)
            connection.close()

        with watching, measured() as sample:
            thread = threading.Thread(target=lead)
            thread.start()
            provider.is_done.wait()
            stop.set()
            thread.join()
        self.cpu[name].append(sample.cpu_seconds / sample.wall_seconds)
        return provider

    def _judge(self, levels: dict[tuple[int, Decimal, str], int], provider: ScheduledWalk) -> None:
        """Compare with a plain look at the highest and lowest price of each instrument."""
        expected = sum(
            count
            for (instrument_id, level, direction), count in levels.items()
            if (
                level <= provider.highest[instrument_id]
                if direction == "above"
                else level >= provider.lowest[instrument_id]
            )
        )
        rows = list(AlertTrigger.objects.values_list("alert_id", "occurred_at", "recorded_at"))
        delays = sorted((recorded - at).total_seconds() * 1000 for _, at, recorded in rows)
        doubled = len(rows) - len({alert_id for alert_id, _, _ in rows})
        self.fired.append(len(rows))
        self.wrong.append(abs(expected - len(rows)) + doubled)
        self.delays_p99.append(delays[int(len(delays) * 0.99)] if delays else 0.0)
        self.delays_max.append(delays[-1] if delays else 0.0)


class WatchingAlerts(logging.Handler):
    """Hears from the log that the feed has read its alerts."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.has_begun = threading.Event()
        self._logger = logging.getLogger("market.alerts.evaluator")

    def __enter__(self) -> None:
        self._level = self._logger.level
        self._logger.setLevel(logging.INFO)
        self._logger.addHandler(self)

    def __exit__(self, *error: object) -> None:
        self._logger.removeHandler(self)
        self._logger.setLevel(self._level)

    def emit(self, record: logging.LogRecord) -> None:
        if record.msg.startswith("Watching"):
            self.has_begun.set()


class ScheduledWalk:
    """Random walks, a batch every twentieth of a second by the clock."""

    def __init__(
        self,
        instruments: Sequence[Instrument],
        seed: float,
        seconds: float,
        *,
        are_watched: threading.Event,
    ) -> None:
        self._are_watched = are_watched
        self._ids = [instrument.id for instrument in instruments]
        self._chance = random.Random(seed)
        self._seconds = seconds
        self._prices = dict.fromkeys(self._ids, START)
        self.highest = dict.fromkeys(self._ids, START * CENT)
        self.lowest = dict.fromkeys(self._ids, START * CENT)
        self._late: list[float] = []
        self.is_done = threading.Event()

    @property
    def lateness_p99(self) -> float:
        """Seconds that the feed came back later than the next batch was due."""
        return sorted(self._late)[int(len(self._late) * 0.99)]

    def watch(self, instruments: Sequence[ListedInstrument]) -> None:
        del instruments  # it knows its own

    def batches(self, stop: threading.Event) -> Iterator[PriceBatch]:
        self._are_watched.wait(PATIENCE_SECONDS)
        began = time.monotonic()
        for number in range(int(self._seconds * BATCHES_PER_SECOND)):
            batch = self._batch(number)
            due = began + number / BATCHES_PER_SECOND
            now = time.monotonic()
            self._late.append(max(0.0, now - due))
            if stop.wait(max(0.0, due - now)):
                return
            yield batch
        stop.wait(2.0)  # as long as a last crossing may take, and again
        self.is_done.set()

    def _batch(self, number: int) -> PriceBatch:
        at = datetime.now(UTC)
        ticks = []
        for place in range(TICKS_PER_SECOND // BATCHES_PER_SECOND):
            instrument_id = self._chance.choice(self._ids)
            cents = self._prices[instrument_id] + self._chance.choice((-3, -2, -1, 1, 2, 3))
            self._prices[instrument_id] = cents
            price = cents * CENT
            self.highest[instrument_id] = max(self.highest[instrument_id], price)
            self.lowest[instrument_id] = min(self.lowest[instrument_id], price)
            ticks.append(
                TickValue(
                    instrument_id=instrument_id,
                    occurred_at=at + timedelta(microseconds=place),
                    provider_tick_id=f"{number}.{place}",
                    price=price,
                    size=Decimal(1),
                    source="simulated",
                )
            )
        return PriceBatch((), tuple(ticks))
