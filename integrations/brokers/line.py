"""The line to one broker account: every question passes the pacing, and every answer is judged.

Questions that change nothing are asked again where the answer was lost; others are asked once.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

from django.conf import settings
from django.utils import timezone

from integrations import http
from integrations.brokers.kept_sessions import Nowhere, SessionPlace
from integrations.brokers.pacing import TOO_MANY, AccountPacing, Pace
from integrations.egress import proxy_pool
from integrations.egress.proxies import Proxy
from integrations.http import Answer
from trading.broker_errors import (
    BadBrokerAnswer,
    BrokerBusy,
    BrokerError,
    BrokerTimedOut,
    BrokerUnavailable,
    PermissionMissing,
    RequestInvalid,
    SignInNeeded,
)

READS: Final = 3  # times a lost read is asked
RETRY_PAUSE_SECONDS: Final = 0.5
UNAUTHORIZED, FORBIDDEN, TIMED_OUT = 401, 403, 408
SERVER_ERROR: Final = 500
SAID_CHARACTERS: Final = 200

Found = TypeVar("Found")
Judge = Callable[[Answer], BrokerError | None]


@dataclass(frozen=True, slots=True)
class Line:
    """``judge`` of an adapter sees a refusal first; what it passes over is judged by its status."""

    title: str
    url: str
    pacing: AccountPacing
    clock: Callable[[], float] = field(default=time.time)
    connection_key: str = ""  # what its proxy is chosen by
    kept: SessionPlace = field(default_factory=Nowhere, repr=False)

    def read(
        self,
        path: str,
        *,
        pace: Pace,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str],
        judge: Judge | None = None,
    ) -> Answer:
        """Ask for something that changes nothing, up to three times.

        Raises:
            BrokerError: it refuses, or stays unclear.
        """
        asked = f"{path}?{urlencode(query)}" if query else path
        return self.again(lambda: self.ask("GET", asked, pace=pace, headers=headers, judge=judge))

    def again(self, read: Callable[[], Found]) -> Found:
        """Read something, up to three times where the answer is lost.

        Raises:
            BrokerError: it is refused, or stays unclear.
        """
        for _ in range(READS - 1):
            try:
                return read()
            except BrokerBusy:
                continue  # the pacing waits, or has no patience left and says so
            except (BrokerUnavailable, BrokerTimedOut):
                self.pacing.sleep(RETRY_PAUSE_SECONDS)
        return read()

    def ask(
        self,
        method: str,
        path: str,
        *,
        pace: Pace,
        headers: Mapping[str, str],
        body: Mapping[str, Any] | bytes | None = None,
        judge: Judge | None = None,
    ) -> Answer:
        """Ask once; return a success. A body that is no text of its own is sent as JSON.

        Raises:
            DefiniteBrokerError: the broker says no.
            UnclearBrokerError: it may have been done.
        """
        self.pacing.wait(pace)
        given = {"Accept": "application/json", **headers}
        content = body if isinstance(body, bytes) else b""
        if isinstance(body, Mapping):
            given["Content-Type"] = "application/json"
            content = json.dumps(body).encode()
        answer = self.send(method, path, headers=given, content=content)
        now = self.clock()
        self.pacing.hear(answer, now=now)
        error = judge(answer) if judge else None
        if isinstance(error, BrokerBusy):
            self.pacing.rest(error.retry_after_seconds)
        if error := error or self._judge(answer, now=now):
            raise error
        return answer

    def send(self, method: str, path: str, *, headers: Mapping[str, str], content: bytes) -> Answer:
        """Ask, and return whatever is answered.

        Raises:
            UnclearBrokerError: no answer came.
        """
        limits = settings.LIMITS
        via = self._proxy()
        try:
            return http.send(
                method,
                self.url.rstrip("/") + path,
                headers=headers,
                content=content,
                seconds=limits.broker_answer_seconds,
                size=limits.broker_answer_bytes,
                is_operators=True,
                via=via,
            )
        except http.ProxyBroken as error:
            if via is not None:
                proxy_pool.note(via, error=str(error), at=timezone.now())
            raise BrokerUnavailable(f"{self.title}: {error}") from error
        except http.AddressRefused as error:
            raise BrokerUnavailable(f"{self.title}: {error}") from error
        except http.RequestFailed as error:
            lost = BrokerTimedOut if error.may_have_arrived else BrokerUnavailable
            raise lost(f"{self.title}: {error}") from error

    def _proxy(self) -> Proxy | None:
        """The same for this connection as long as that one is well."""
        try:
            return proxy_pool.proxy_for(self.connection_key)
        except proxy_pool.NoProxyWell as error:
            raise BrokerUnavailable(f"{self.title}: {error}") from error

    def _judge(self, answer: Answer, *, now: float) -> BrokerError | None:
        status = answer.status
        if status < 300:
            return None
        said = f"{self.title} answered {status}: {words_of(answer)}"
        if status == TOO_MANY:
            seconds = answer.retry_after_seconds(now=now)
            return BrokerBusy(said, retry_after_seconds=seconds)
        if status >= SERVER_ERROR:
            return BrokerUnavailable(said)
        kinds: dict[int, type[BrokerError]] = {
            UNAUTHORIZED: SignInNeeded,
            FORBIDDEN: PermissionMissing,
            TIMED_OUT: BrokerTimedOut,
        }
        return kinds.get(status, RequestInvalid)(said)


def words_of(answer: Answer) -> str:
    """What it says for people, in short."""
    text = answer.body[: 4 * SAID_CHARACTERS].decode(errors="replace")
    return " ".join(text.split())[:SAID_CHARACTERS] or "nothing"


def read_json(answer: Answer, *, title: str) -> Any:
    """Numbers as they were written.

    Raises:
        BadBrokerAnswer: it is no JSON.
    """
    try:
        return json.loads(answer.body, parse_float=Decimal, parse_int=Decimal)
    except (ValueError, RecursionError) as error:
        raise BadBrokerAnswer(f"{title}: the answer is no JSON: {error}.") from error
