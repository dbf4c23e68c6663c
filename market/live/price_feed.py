"""The live feed of one shard: a provider's prices into Valkey at once and into PostgreSQL soon.

Four threads: this one takes batches, keeps out what must wait (see ``price_door``) and publishes
the rest, one stores them, one watches them for alerts, one keeps watch over leadership and over
which instruments there are. None of the other three can delay a price.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Final

from django.db import DatabaseError, close_old_connections, connection

from market.alerts.evaluator import AlertEvaluator
from market.intake.price_store import PriceBuffer, PriceStore
from market.intake.providers import ListedInstrument, LiveProvider
from market.live.broadcasts import PricePublisher
from market.live.feed_listing import listed_instruments
from market.live.price_door import PriceDoor
from market.live.shard_leader import Leadership, Shard, ShardLeader
from market.live.split_moments import SplitMoments

logger = logging.getLogger(__name__)

CLAIM_SECONDS: Final = 1.0
LISTING_SECONDS: Final = 3.0
STOP_SECONDS: Final = 3.0


class PriceFeed:
    """One process's part in the feed of a shard: leading it, or waiting to."""

    def __init__(
        self,
        *,
        shard: Shard,
        make_provider: Callable[[], LiveProvider],
        clock: Callable[[], datetime],
    ) -> None:
        self._shard = shard
        self._make_provider = make_provider
        self._clock = clock
        self._leader = ShardLeader(role="feed", shard=shard)

    def run(self, stop: threading.Event) -> None:
        """Lead whenever this process may, until ``stop`` is set."""
        waited = False
        try:
            while not stop.is_set():
                if self._leader.claim() is Leadership.LEADS:
                    logger.info("Leading the feed of shard %s", self._shard)
                    self._lead(stop)
                    waited = False
                elif not waited:
                    logger.info("Waiting to lead the feed of shard %s", self._shard)
                    waited = True
                stop.wait(CLAIM_SECONDS)
        finally:
            self._leader.release()

    def _lead(self, stop: threading.Event) -> None:
        """Feed until stopped or until another process leads."""
        provider = self._make_provider()
        publisher = PricePublisher(shard=self._shard)
        door = PriceDoor()
        splits = SplitMoments()
        buffer = PriceBuffer()
        store = PriceStore(buffer, clock=self._clock)
        alerts = AlertEvaluator(shard=self._shard, clock=self._clock)
        over = threading.Event()
        watched = (provider, door, splits, stop, over)
        watch = threading.Thread(
            target=self._keep_watch, args=watched, name="feed watch", daemon=True
        )
        store.start()
        alerts.start()
        watch.start()
        try:
            for offered in provider.batches(over):
                now = self._clock()
                before = [*door.take_released(), *splits.take(publisher.newest_at)]
                for batch in (*before, door.admit(offered, at=now)):
                    publisher.publish(batch, at=now)
                    buffer.put(batch)
                    alerts.put(batch)
        finally:
            over.set()
            watch.join(STOP_SECONDS)
            store.stop(timeout_seconds=STOP_SECONDS)
            alerts.stop(timeout_seconds=STOP_SECONDS)
            publisher.close()

    def _keep_watch(
        self,
        provider: LiveProvider,
        door: PriceDoor,
        splits: SplitMoments,
        stop: threading.Event,
        over: threading.Event,
    ) -> None:
        """Tell the provider what to watch, and end the feed when stopped or not leading."""
        listed: list[ListedInstrument] = []
        turns = 0
        try:
            while not stop.is_set():
                if turns and self._leader.claim() is Leadership.WAITS:
                    logger.warning("Another process leads shard %s now", self._shard)
                    return
                if turns % round(LISTING_SECONDS / CLAIM_SECONDS) == 0:
                    listed = self._renew_listing(provider, door, splits, listed)
                turns += 1
                stop.wait(CLAIM_SECONDS)
        except Exception:
            logger.exception("The feed's watch failed; the feed begins anew")
        finally:
            over.set()
            connection.close()

    def _renew_listing(
        self,
        provider: LiveProvider,
        door: PriceDoor,
        splits: SplitMoments,
        known: list[ListedInstrument],
    ) -> list[ListedInstrument]:
        """Tell the provider when instruments or their previous closes have changed.

        The door knows first what to expect of them.
        """
        try:
            close_old_connections()
            now = self._clock()
            listed = listed_instruments(self._shard, at=now)
            ids = [one.instrument_id for one in listed]
            door.renew(ids, at=now)
            door.look_for_released()
            splits.look(ids, at=now)
            # Also what could not be watched yet for want of any past price is offered again.
            provider.watch(listed)
        except DatabaseError as error:
            logger.warning("The instruments could not be read, they stay as they were: %s", error)
            connection.close()
            return known
        if len(listed) != len(known):
            logger.info("Shard %s has %s instruments", self._shard, len(listed))
        return listed
