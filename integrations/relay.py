"""The relay: a process that takes events from the outbox and carries what follows from them.

Any number may run; rows are taken by one at a time. What takes long, because somebody else must
answer, is done by threads beside the loop, a few at once.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from django.db import DatabaseError, close_old_connections, connection

from integrations import event_stream, outbox
from integrations.notifications import inbox, mail, slack
from integrations.webhooks import delivering

logger = logging.getLogger(__name__)

POLL_SECONDS: Final = 0.25
TROUBLE_SECONDS: Final = 2.0
SWEEP_EVERY: Final = timedelta(hours=1)
THREADS: Final = 8


class Relay:
    """Runs until it is told to stop; what it has begun it finishes."""

    def __init__(self, *, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._stopping = threading.Event()
        self._running: set[Future[None]] = set()
        self._swept_at: datetime | None = None

    def stop(self) -> None:
        self._stopping.set()

    def run(self) -> None:
        try:
            self._run()
        finally:
            connection.close()

    def _run(self) -> None:
        with ThreadPoolExecutor(THREADS, thread_name_prefix="errand") as pool:
            while not self._stopping.is_set():
                try:
                    pause = 0 if self.turn(pool) else POLL_SECONDS
                except DatabaseError as error:
                    logger.warning("The relay waits, PostgreSQL is away: %s", error)
                    pause = TROUBLE_SECONDS
                except Exception:
                    logger.exception("The relay stumbled and goes on")
                    pause = TROUBLE_SECONDS
                close_old_connections()
                self._stopping.wait(pause)

    def turn(self, pool: ThreadPoolExecutor) -> bool:
        """Do what is due now; return whether there may be more."""
        now = self._clock()
        relayed = outbox.relay_due(at=now)
        streamed = event_stream.publish_due(at=now)
        begun = self._begin_errands(pool, at=now)
        if self._swept_at is None or now - self._swept_at >= SWEEP_EVERY:
            self._swept_at = now
            outbox.sweep(at=now)
            inbox.sweep(at=now)
            delivering.sweep(at=now)
        is_more = relayed >= outbox.BATCH or streamed >= event_stream.BATCH
        return is_more or (begun > 0 and self._free > 0)

    @property
    def _free(self) -> int:
        return THREADS - len(self._running)

    def _begin_errands(self, pool: ThreadPoolExecutor, *, at: datetime) -> int:
        self._running = {one for one in self._running if not one.done()}
        if self._free == 0:
            return 0
        errands: list[Callable[[], None]] = []
        errands += [
            partial(mail.deliver, it, at=at) for it in mail.take_due(at=at, limit=self._free)
        ]
        if left := self._free - len(errands):
            messages = slack.take_due(at=at, limit=left)
            errands += [partial(slack.deliver, it, at=at) for it in messages]
        if left := self._free - len(errands):
            due = delivering.take_due(at=at, limit=left)
            errands += [partial(delivering.deliver, it, at=at) for it in due]
        self._running.update(pool.submit(run_errand, errand) for errand in errands)
        return len(errands)


def run_errand(errand: Callable[[], None]) -> None:
    """Do one in a thread of the pool; what it leaves undone comes up again by its lease."""
    try:
        errand()
    except Exception:
        logger.exception("An errand failed in a way nobody foresaw")
    finally:
        connection.close()
