"""Watching prices for alerts, in a thread of the feed's process beside the publishing one.

The feed hands over each batch and goes on. Levels and states are kept in memory; what prices did
is written down by ``triggering``, which decides. A database that is away delays alerts and loses
none: crossings wait for it, and after a restart an armed alert meets the newest known price.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections, connection

from market.alerts.change_listener import ChangeListener
from market.alerts.close_series import CloseSeries
from market.alerts.crossing_index import Crossing
from market.alerts.holdings import holding_source
from market.alerts.loading import read_alerts, read_marks, read_series, read_ticks
from market.alerts.split_adjustments import adjust_for_splits
from market.alerts.triggering import record_crossings
from market.alerts.watched import SeriesKey, Watched, WatchedAlert
from market.corporate_actions.live_splits import (
    comparable_quotes,
    live_factors,
    next_split_at,
    times,
)
from market.intake.providers import PriceBatch
from market.live.shard_leader import Shard

logger = logging.getLogger(__name__)

TURN_SECONDS: Final = 0.2  # how long a change of an alert may wait to be seen
HOLDINGS_SECONDS: Final = 5.0
COMPARE_SECONDS: Final = 30.0
RETRY_SECONDS: Final = 1.0
LOOK_BACK_SECONDS: Final = 30
BATCHES_WAITING: Final = 20_000
CROSSINGS_PER_WRITE: Final = 2_000


class AlertEvaluator:
    """Watches one shard's alerts for as long as this process leads its feed."""

    def __init__(self, *, shard: Shard, clock: Callable[[], datetime]) -> None:
        self._shard = shard
        self._clock = clock
        self._batches: deque[PriceBatch] = deque(maxlen=BATCHES_WAITING)
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._changes = ChangeListener()
        self._holdings_due_at = 0.0  # monotonic
        self._compare_due_at = 0.0  # monotonic
        self._thread = threading.Thread(target=self._run, name="alerts", daemon=True)
        self._forget()

    def start(self) -> None:
        self._thread.start()

    def stop(self, *, timeout_seconds: float) -> None:
        """Take in what waits, once more, and end."""
        self._stop.set()
        self._wake.set()
        self._thread.join(timeout_seconds)

    def put(self, batch: PriceBatch) -> None:
        """Hand over a batch; never waits. Of a long absence of the database the newest stay."""
        self._batches.append(batch)
        self._wake.set()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.wait(TURN_SECONDS)
            self._wake.clear()
            if not self._try_turn():
                self._stop.wait(RETRY_SECONDS)
        self._try_turn()
        self._changes.close()
        connection.close()

    def _try_turn(self) -> bool:
        try:
            close_old_connections()
            self._turn()
        except (OperationalError, InterfaceError) as error:
            logger.warning("%s crossings wait for the database: %s", len(self._pending), error)
            connection.close()
            return False
        except Exception:
            # Whatever it was, the database knows what holds; begin again from there.
            logger.exception("The watch over alerts stumbled and begins anew")
            connection.close()
            self._forget()
            return False
        return True

    def _turn(self) -> None:
        # Asked first, so that nothing changes unheard between the reading and the listening.
        changed = self._changes.take()
        if not self._is_loaded:
            self._load()
        # What was crossed before a split is of thresholds before it.
        self._write()
        self._mind_splits()
        self._take_batches()
        self._write()
        if changed:
            self._read_anew(changed)
        now = time.monotonic()
        if now >= self._holdings_due_at:
            self._renew_holdings()
            self._holdings_due_at = now + HOLDINGS_SECONDS
        if now >= self._compare_due_at:
            self._compare()
            self._compare_due_at = now + COMPARE_SECONDS
        self._write()

    def _forget(self) -> None:
        distance = settings.LIMITS.alert_rearm_distance_bps
        self._watched = Watched(rearm_distance_bps=distance)
        self._prices: dict[int, tuple[Decimal, datetime]] = {}
        self._pending: list[Crossing] = []
        self._is_loaded = False
        self._holdings_due_at = 0.0
        self._splits_noted_at = self._clock()
        self._next_split_at: datetime | None = None

    def _load(self) -> None:
        self._note_splits()
        self._watch(read_alerts(self._shard), with_newest_price=False)
        # What the one before us published, and may not have lived to look at.
        since = self._clock() - timedelta(seconds=LOOK_BACK_SECONDS)
        for instrument_id, price, at in read_ticks(self._shard, since=since):
            self._price(instrument_id, price, at)
        self._meet_newest_prices({alert.instrument_id for alert in self._watched.index.all()})
        self._compare_due_at = time.monotonic() + COMPARE_SECONDS
        self._is_loaded = True
        logger.info("Watching %s alerts", len(self._watched.index))

    def _watch(self, alerts: Collection[WatchedAlert], *, with_newest_price: bool = True) -> None:
        """Watch alerts as they are stored, and look whether the newest price meets them."""
        for alert in alerts:
            self._watched.put(alert)
        if any(alert.condition.portfolio_id for alert in alerts):
            self._renew_holdings()
        for key, series in self._missing_series().items():
            if key[0] in self._prices:
                series.price(*self._prices[key[0]])
            self._watched.set_series(key, series)
        if with_newest_price:
            self._meet_newest_prices({alert.watch.instrument_id for alert in alerts})

    def _meet_newest_prices(self, instrument_ids: set[int]) -> None:
        unknown = instrument_ids - self._prices.keys()
        for instrument_id, quote in comparable_quotes(unknown, at=self._clock()).items():
            self._prices[instrument_id] = (quote.last, quote.occurred_at)
            self._watched.set_previous_close(instrument_id, quote.previous_close)
        for instrument_id in instrument_ids & self._prices.keys():
            self._price(instrument_id, *self._prices[instrument_id])

    def _take_batches(self) -> None:
        while self._batches:
            batch = self._batches.popleft()
            for quote in batch.quotes:
                self._watched.set_previous_close(quote.instrument_id, quote.previous_close)
            for tick in batch.ticks:
                self._price(tick.instrument_id, tick.price, tick.occurred_at)
            traded = {tick.instrument_id for tick in batch.ticks}
            for quote in batch.quotes:
                if quote.instrument_id not in traded:
                    self._price(quote.instrument_id, quote.last, quote.occurred_at)

    def _price(self, instrument_id: int, price: Decimal, at: datetime) -> None:
        self._prices[instrument_id] = (price, at)
        self._pending += self._watched.price(instrument_id, price, at)

    def _write(self) -> None:
        while self._pending:
            part = self._pending[:CROSSINGS_PER_WRITE]
            missed = record_crossings(part, recorded_at=self._clock())
            del self._pending[: len(part)]
            if missed:
                self._read_anew(missed)

    def _read_anew(self, alert_ids: Iterable[UUID]) -> None:
        """Believe the database about these alerts."""
        wanted = set(alert_ids) - {crossing.alert_id for crossing in self._pending}
        for alert_id in wanted:
            self._watched.remove(alert_id)
        self._watch(read_alerts(self._shard, ids=wanted))

    def _missing_series(self) -> dict[SeriesKey, CloseSeries]:
        return read_series(self._watched.series_missing(), at=self._clock())

    def _note_splits(self) -> None:
        """Adjust thresholds to the splits so far, and look for when the next one comes."""
        self._splits_noted_at = self._clock()
        adjust_for_splits(at=self._splits_noted_at)
        self._next_split_at = next_split_at(after=self._splits_noted_at)

    def _mind_splits(self) -> None:
        """Renew everything known in former shares, before a price in new ones is looked at."""
        now = self._clock()
        if self._next_split_at is None or now < self._next_split_at:
            return
        watched = {watch.instrument_id for watch in self._watched.index.all()}
        factors = live_factors(watched, after=self._splits_noted_at, until=now)
        self._note_splits()
        for instrument_id, factor in factors.items():
            self._watched.split(instrument_id, factor)
            if instrument_id in self._prices:
                price, at = self._prices[instrument_id]
                self._prices[instrument_id] = (times(price, factor), at)
        numbers = factors.keys()
        self._read_anew(
            {one.alert_id for one in self._watched.index.all() if one.instrument_id in numbers}
        )
        self._renew_holdings()

    def _compare(self) -> None:
        """Find what changed without our hearing of it."""
        self._next_split_at = next_split_at(after=self._splits_noted_at)
        marks = read_marks(self._shard)
        ours = {
            watch.alert_id: (watch.revision, watch.is_armed) for watch in self._watched.index.all()
        }
        # Pairs of id and mark that only one side has.
        if differing := marks.items() ^ ours.items():
            self._read_anew({alert_id for alert_id, _ in differing})

    def _renew_holdings(self) -> None:
        wanted = self._watched.holdings()
        if wanted:
            self._watched.set_average_costs(holding_source().average_costs(wanted))
