"""ERROR records to Slack: told once, counted after that, and never in anybody's way.

A record is put into a short queue; a thread sends. All processes together tell each error once in
ten minutes and at most twenty messages in ten minutes, counted in Valkey; what was held back is
summed up in the next message ("12 more"). Without Valkey each process counts for itself. Secrets
are taken out before anything leaves.
"""

from __future__ import annotations

import atexit
import hashlib
import json
import logging
import queue
import sys
import threading
import time
import traceback
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from accounts.redaction import redact
from integrations import http

PERIOD_SECONDS: Final = 600
MESSAGES_PER_PERIOD: Final = 20
WAITING: Final = 100
TIMEOUT_SECONDS: Final = 5
VALKEY_TIMEOUT_SECONDS: Final = 0.5
TRIES: Final = 3
PAUSE_SECONDS: Final = 1.0
PAUSE_MAXIMUM_SECONDS: Final = 60.0
ANSWER_BYTES: Final = 64 * 1024
REFUSED: Final = 300
TOO_MANY: Final = 429
SERVER_FAILS: Final = 500
TEXT_MAXIMUM: Final = 2_500
# Records of what sends would come back here.
OWN: Final = (__name__, "httpcore", "redis")


@dataclass(frozen=True, slots=True)
class Report:
    """What is told of one record; ``fingerprint`` is the same for the same error."""

    fingerprint: str
    text: str


def fingerprint_of(record: logging.LogRecord) -> str:
    """Logger, message without its values, and the place that raised."""
    place = f"{record.pathname}:{record.lineno}"
    if record.exc_info and record.exc_info[2] is not None:
        kind = record.exc_info[0]
        frame = traceback.extract_tb(record.exc_info[2])[-1]
        place = f"{kind.__name__ if kind else ''} {frame.filename}:{frame.lineno}"
    parts = f"{record.name}|{record.msg}|{place}"
    return hashlib.sha256(parts.encode(errors="replace")).hexdigest()[:32]


def report_of(record: logging.LogRecord) -> Report:
    lines = [f"*{record.levelname}* `{record.name}`", record.getMessage()]
    if name := getattr(record, "request_id", ""):
        lines.append(f"request {name}")
    if record.exc_info and record.exc_info[1] is not None:
        shown = "".join(traceback.format_exception(record.exc_info[1]))
        lines.append(f"```{shown[-TEXT_MAXIMUM:]}```")
    return Report(fingerprint_of(record), redact("\n".join(lines))[: TEXT_MAXIMUM * 2])


@cache
def valkey() -> redis.Redis:
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=VALKEY_TIMEOUT_SECONDS,
        socket_connect_timeout=VALKEY_TIMEOUT_SECONDS,
        decode_responses=True,
        # A second try would come too late; each process then counts for itself.
        retry=Retry(NoBackoff(), 0),
    )


class Allowance:
    """Which reports may go out now; the same answer for one error in all processes."""

    def __init__(self) -> None:
        self._told: dict[str, float] = {}  # while Valkey is away: fingerprint → monotonic

    def take(self, report: Report) -> int | None:
        """How many reports were held back since the last one; ``None`` to hold this one, too."""
        prefix = f"{settings.VALKEY_PREFIX}errors:"
        try:
            client = valkey()
            is_first = client.set(f"{prefix}{report.fingerprint}", 1, nx=True, ex=PERIOD_SECONDS)
            if not is_first:
                client.incr(f"{prefix}held")
                return None
            period = f"{prefix}period:{int(time.time()) // PERIOD_SECONDS}"
            count: Any = client.incr(period)
            client.expire(period, PERIOD_SECONDS)
            if count > MESSAGES_PER_PERIOD:
                client.incr(f"{prefix}held")
                return None
            held: Any = client.getdel(f"{prefix}held")
            return int(held or 0)
        except redis.RedisError:
            return self._take_alone(report)

    def _take_alone(self, report: Report) -> int | None:
        now = time.monotonic()
        self._told = {it: at for it, at in self._told.items() if now - at < PERIOD_SECONDS}
        if report.fingerprint in self._told or len(self._told) >= MESSAGES_PER_PERIOD:
            return None
        self._told[report.fingerprint] = now
        return 0


class SlackHandler(logging.Handler):
    """Queues ERROR records for its thread; full or closed, it drops them without a word."""

    def __init__(self, url: str) -> None:
        super().__init__(logging.ERROR)
        self._url = url
        self._reports: queue.Queue[Report | None] = queue.Queue(WAITING)
        self._allowance = Allowance()
        self._stopping = threading.Event()
        self._mutex = threading.Lock()
        self._thread: threading.Thread | None = None
        self.dropped = 0
        atexit.register(self.stop)

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.startswith(OWN) or self._stopping.is_set():
            return
        try:
            self._start()
            self._reports.put_nowait(report_of(record))
        except queue.Full:
            self.dropped += 1
        except Exception:  # noqa: BLE001 -- a report that fails must not fail what is reported
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 -- logging's name
        """Say it where nothing is reported from; the standard one may raise again."""
        self._say(f"An error of {record.name} could not be reported")

    def stop(self, seconds: float = 2.0) -> None:
        """Give what waits a moment, then let go."""
        if self._thread is not None:
            try:
                self._reports.put_nowait(None)
            except queue.Full:
                self._stopping.set()
            self._thread.join(seconds)
        self._stopping.set()

    def _start(self) -> None:
        # Not before the first error: processes fork, and threads do not come along.
        with self._mutex:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="slack", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while not self._stopping.is_set():
            report = self._reports.get()
            if report is None:
                return
            try:
                held = self._allowance.take(report)
                if held is not None:
                    held += self.dropped
                    self.dropped = 0
                    more = f"\n_{held} more were held back_" if held else ""
                    self._send(report.text + more)
            except Exception as error:  # noqa: BLE001 -- the thread outlives whatever happens
                self._say(f"Slack was not told of an error: {type(error).__name__}")

    def _send(self, text: str) -> None:
        """Post, again after a refusal that passes; what Slack will not have is let go."""
        for attempt in range(TRIES):
            pause = PAUSE_SECONDS * 2**attempt
            try:
                answer = self._post(text)
            except http.RedirectRefused as error:
                self._say(f"Slack does not take an error report: {error}")
                return
            except http.RequestFailed as error:
                self._say(f"Slack does not answer: {error}")
            else:
                if answer.status < REFUSED:
                    return
                if answer.status != TOO_MANY and answer.status < SERVER_FAILS:
                    self._say(f"Slack refused an error report with {answer.status}")
                    return
                if "Retry-After" in answer.headers:
                    pause = max(pause, answer.retry_after_seconds(now=time.time()))
            if attempt + 1 < TRIES and self._stopping.wait(min(pause, PAUSE_MAXIMUM_SECONDS)):
                return

    def _post(self, text: str) -> http.Answer:
        return http.send(
            "POST",
            self._url,
            content=json.dumps({"text": text}).encode(),
            headers={"Content-Type": "application/json"},
            seconds=TIMEOUT_SECONDS,
            size=ANSWER_BYTES,
            is_operators=True,
        )

    def _say(self, words: str) -> None:
        """Into the process's own output: a log record would come back here."""
        sys.stderr.write(f"{words}\n")
