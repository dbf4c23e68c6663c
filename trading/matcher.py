"""The loop that matches one shard of instruments: one writer, any number standing by.

The leader holds an advisory lock of PostgreSQL on the very connection it commits through. When
the connection dies, so does the right to write, and a standby has the lock within a second.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

import redis
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone

from accounts import metrics
from market.calendar import local_date
from market.instruments.exchanges import KNOWN_EXCHANGES
from market.live import live_quotes
from market.models import Exchange
from market.values import QuoteValue, wire_time
from trading import execution
from trading.broadcasts import Announcer
from trading.settlement import trade_dates
from trading.shards import command_queue, doorbell, expiry, hours
from trading.shards.changes import Changes
from trading.shards.command_queue import Waiting
from trading.shards.shard import BookDiverged, Shard
from trading.shards.split_watch import SplitWatch
from trading.shards.state_hash import state_hash
from trading.shards.wakeups import POLL_SECONDS, Wakeups
from trading.states import CommandKind

logger = logging.getLogger(__name__)

LOCK_SPACE: Final = 0x4D41  # the first half of the lock's name; the second is the shard
STANDBY_SECONDS: Final = 1.0
HEARTBEAT_SECONDS: Final = 5.0
HEARTBEAT_EXPIRES_SECONDS: Final = 30
TROUBLE_SECONDS: Final = 0.5
BENCH_SECONDS: Final = 30.0
# How often the books are compared with their table, and at most which part of the time it takes.
COMPARE_SECONDS: Final = 60.0
COMPARE_SHARE: Final = 0.005

# A leader whose machine has vanished is found out in seconds, not in hours.
SHORT_KEEPALIVE: Final = (
    "SET tcp_keepalives_idle = 2; SET tcp_keepalives_interval = 1; SET tcp_keepalives_count = 2"
)


class Matcher:
    """Drains the commands of one shard until it is told to stop."""

    def __init__(
        self, *, shard: int, shards: int, clock: Callable[[], datetime] = timezone.now
    ) -> None:
        self.index = shard
        self.count = shards
        self.is_leader = False
        self._clock = clock
        self._stopping = threading.Event()
        self._wakeups = Wakeups(shard=shard, shards=shards)
        self._splits = SplitWatch(shard=shard, shards=shards)
        self._announcer: Announcer | None = None  # lives while the loop runs
        self._shard: Shard | None = None  # None: to be rebuilt
        self._session: Any = None  # the connection that holds the lock
        self._heartbeat_at = 0.0  # monotonic
        self._compare_at = 0.0  # monotonic
        self._is_warm = False
        # Instruments whose resting orders could not be matched, and until when they are left.
        self._benched: dict[int, float] = {}

    def stop(self) -> None:
        """Ask the loop to end after the batch it is at."""
        self._stopping.set()

    def run(self) -> None:
        """Match until stopped; whatever goes wrong, begin again from the database."""
        self._announcer = Announcer()
        try:
            while not self._stopping.is_set():
                try:
                    self._turn()
                except (OperationalError, InterfaceError) as error:
                    logger.warning("Matcher %s lost its database: %s", self.index, error)
                    self._begin_again()
                except BookDiverged as error:
                    logger.warning("Matcher %s rebuilds its books: %s", self.index, error)
                    self._shard = None
                except Exception:
                    logger.exception("Matcher %s failed and begins again", self.index)
                    self._begin_again()
        finally:
            self._wakeups.close()
            self._announcer.close()
            connection.close()

    def lead(self) -> bool:
        """Take the lead if nobody has it."""
        connection.ensure_connection()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [LOCK_SPACE, self.index])
            if not cursor.fetchone()[0]:
                return False
            cursor.execute(SHORT_KEEPALIVE)
        self._session = connection.connection
        self._shard = None
        self.is_leader = True
        logger.info("Matcher %s of %s leads", self.index, self.count)
        return True

    def work(self) -> int:
        """Do one batch of what waits; return how many commands it did."""
        # A connection that Django replaced silently would no longer hold the lock.
        if connection.connection is not self._session:
            raise OperationalError("the connection that held the lock is gone")
        is_rebuilt = self._shard is None
        shard = self._shard or self._rebuild()
        now, started = self._clock(), time.perf_counter()
        self._expire(shard, now)
        is_adjusting = self._splits.heed(now)
        waiting = self._look(limit=settings.LIMITS.commands_per_match)
        commands = waiting.commands
        shard.get_to_know(command.order for command in commands)
        quotes: dict[int, QuoteValue] = {}
        if not is_adjusting:
            quotes = self._wakeups.quotes(
                needed={command.order.instrument_id for command in commands},
                resting=self._resting(shard),
                look_at_all=is_rebuilt,
                now=now,
            )
        try:
            self._match(shard, waiting, quotes, now=now)
        except (OperationalError, InterfaceError, BookDiverged):
            raise
        except Exception:
            logger.exception("A batch of %s commands failed; trying one by one", len(commands))
            self._match_one_by_one(len(commands), quotes)
        self._splits.heed_done(len(commands))
        if commands:
            metrics.match_commands.observe(len(commands))
            metrics.match_seconds.observe(time.perf_counter() - started)
        return len(commands)

    def _turn(self) -> None:
        if not self._is_warm:
            self._warm_up()
        if not self.is_leader and not self.lead():
            self._stopping.wait(STANDBY_SECONDS)
            return
        self._beat()
        # The wait begins only when the queue was seen empty, so no ring is missed for long.
        if self._shard is not None:
            started = time.monotonic()
            while not self._stopping.is_set():
                has_rung = self._wakeups.wait(POLL_SECONDS)
                is_due = time.monotonic() - started >= POLL_SECONDS
                if has_rung or is_due or self._wakeups.has_changes(self._resting(self._shard)):
                    break
        while (done := self.work()) and not self._stopping.is_set():
            # What was committed since then has rung, and is not looked for twice.
            if done < settings.LIMITS.commands_per_match and self._wakeups.is_listening:
                break
        if time.monotonic() >= self._compare_at:
            self.compare_books()

    def compare_books(self) -> None:
        """Compare the hash of the books with that of those which the table says.

        Raises:
            BookDiverged: they are not the same.
        """
        if self._shard is None:
            return
        started = time.monotonic()
        kept, told = state_hash(self._shard), state_hash(self._build())
        ended = time.monotonic()
        self._compare_at = ended + max(COMPARE_SECONDS, (ended - started) / COMPARE_SHARE)
        if kept != told:
            raise BookDiverged(f"their hash was {kept}, the table's is {told}")
        logger.debug("Matcher %s: books of %s", self.index, kept)

    def _match(
        self,
        shard: Shard,
        waiting: Waiting,
        quotes: dict[int, QuoteValue],
        *,
        now: datetime,
    ) -> None:
        """Match and commit; the books stand as committed, or are to be rebuilt."""
        commands = waiting.commands
        touched = {*quotes, *(command.order.instrument_id for command in commands)}
        touched.update(shard.auctions.due(now))
        closed, extended = hours.hours_of(shard.listings, touched, now=now)
        self._shard = None
        batch = shard.match(
            commands,
            quotes=quotes,
            closed=closed,
            halted=waiting.halted,
            extended=extended,
            now=now,
        )
        if not batch.is_empty:
            changes = execution.write_batch(batch, shard=self.index, now=now)
            self._announce(changes)
        self._shard = shard

    def _match_one_by_one(self, count: int, quotes: dict[int, QuoteValue]) -> None:
        """Find the command, or the instrument's resting orders, that the batch failed at."""
        for instrument_id, quote in quotes.items():
            try:
                nothing = self._look(limit=0)
                self._match(self._rebuilt(), nothing, {instrument_id: quote}, now=self._clock())
            except (OperationalError, InterfaceError, BookDiverged):
                raise
            except Exception:
                logger.exception("Resting orders of instrument %s are left alone", instrument_id)
                self._benched[instrument_id] = time.monotonic() + BENCH_SECONDS
        for _ in range(count):
            shard = self._rebuilt()
            waiting = self._look(limit=1)
            if waiting.commands:
                self._match_or_reject(shard, waiting, quotes)

    def _look(self, *, limit: int) -> Waiting:
        return command_queue.look(shard=self.index, shards=self.count, limit=limit)

    def _match_or_reject(
        self, shard: Shard, waiting: Waiting, quotes: dict[int, QuoteValue]
    ) -> None:
        (command,) = waiting.commands
        instrument_id = command.order.instrument_id
        is_benched = instrument_id in self._benched
        quote = None if is_benched else quotes.get(instrument_id)
        now = self._clock()
        old_id = command.order.replaces_id if command.kind is CommandKind.REPLACE else None
        old = shard.orders.get(old_id) if old_id else None
        is_restated = command.kind is CommandKind.RESTATE
        others_of = shard.others_of_group if is_restated else shard.companions_of
        companions = others_of(command.order)
        try:
            self._match(shard, waiting, {instrument_id: quote} if quote else {}, now=now)
        except (OperationalError, InterfaceError, BookDiverged):
            raise
        except Exception:
            logger.exception("Command %s fails and its order is ended", command.id)
            changes = execution.write_rejection(
                command,
                old=old,
                companions=companions,
                shard=self.index,
                sequence=command_queue.next_sequence(shard=self.index),
                now=now,
            )
            self._announce(changes)

    def _announce(self, changes: Changes) -> None:
        if self._announcer is not None:
            instrument_ids = {it.order.instrument_id for it in changes.progress.values()}
            self._announcer.announce(changes.portfolios(), instrument_ids=instrument_ids)

    def _rebuilt(self) -> Shard:
        return self._shard or self._rebuild()

    def _rebuild(self) -> Shard:
        self._shard = shard = self._build()
        return shard

    def _build(self) -> Shard:
        """The books that the table says."""
        now = self._clock()
        fresh_seconds = settings.LIMITS.quote_fresh_seconds
        return Shard(
            command_queue.working_orders(shard=self.index, shards=self.count),
            next_sequence=command_queue.next_sequence(shard=self.index),
            used=command_queue.used_quotes(
                shard=self.index,
                shards=self.count,
                since=now - timedelta(seconds=2 * fresh_seconds),
            ),
            quote_fresh_seconds=fresh_seconds,
            collar_bps=settings.LIMITS.order_collar_bps,
            band_factor=settings.LIMITS.order_price_band_factor,
        )

    def _expire(self, shard: Shard, now: datetime) -> None:
        if shard.next_expiry_at is not None and shard.next_expiry_at <= now:
            expiry.request_expiries(now=now, instrument_ids=shard.instruments_with_orders())
            shard.look_for_expiry(after=now)

    def _resting(self, shard: Shard) -> list[int]:
        """Instruments whose orders a new price may fill, save those left alone for a while."""
        moment = time.monotonic()
        self._benched = {key: until for key, until in self._benched.items() if until > moment}
        return [key for key in shard.instruments_with_orders() if key not in self._benched]

    def _warm_up(self) -> None:
        """Load the calendars before anybody waits for a fill, on a standby too."""
        traded = Exchange.objects.filter(instruments__is_active=True).distinct()
        for mic, timezone_name in traded.values_list("mic", "timezone"):
            if mic in KNOWN_EXCHANGES:
                trade_dates(local_date(self._clock(), timezone_name), mic)
        self._is_warm = True

    def _beat(self) -> None:
        moment = time.monotonic()
        if moment - self._heartbeat_at < HEARTBEAT_SECONDS:
            return
        self._heartbeat_at = moment
        try:
            live_quotes.valkey().set(
                doorbell.heartbeat_key(self.index),
                wire_time(self._clock()),
                ex=HEARTBEAT_EXPIRES_SECONDS,
            )
        except redis.RedisError as error:
            logger.debug("No heartbeat without Valkey: %s", error)

    def _begin_again(self) -> None:
        """Let go of lock, books and connection; the next turn starts as a standby does."""
        self.is_leader = False
        self._shard = None
        self._session = None
        connection.close()
        self._stopping.wait(TROUBLE_SECONDS)
