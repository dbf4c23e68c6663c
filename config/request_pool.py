"""Pages and API inside the one embedded process: WSGI requests on a bounded pool of threads.

Django's own ASGI handler costs four times the CPU of WSGI threads, so the embedded process hands
HTTP to the WSGI application and keeps only the sockets on the event loop.
"""

import atexit
import json
import queue
import threading
import time
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import Executor, Future
from typing import Any, Final

from a2wsgi.wsgi import WSGIResponder

from accounts import metrics

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

SEND_QUEUE: Final = 10
EXIT_SECONDS: Final = 2.0
BUSY_BODY: Final = {
    "type": "urn:holdfast:problem:busy",
    "title": "Service Unavailable",
    "status": 503,
    "code": "busy",
    "detail": "Too many requests wait already; try again in a moment.",
}


class PoolFull(RuntimeError):
    """As many requests wait as may."""


class RequestPool(Executor):
    """A fixed number of threads, and a fixed number of requests that may wait for one.

    The standard pool's threads keep the process alive until each has ended, and one that waits
    for an event loop which is gone never ends. These are daemons: on exit, requests under way get
    two seconds to finish their transaction; PostgreSQL undoes what is not committed by then.
    """

    def __init__(
        self, *, threads: int, waiting: int, tell: Callable[[int], object] = lambda _: None
    ) -> None:
        """``tell`` is called with how many wait whenever that changes; it must not block."""
        self._tell = tell
        self._told = 0
        self._threads = threads
        self._waiting = waiting
        self._jobs: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._mutex = threading.Lock()
        self._unfinished = 0
        self._started = 0
        atexit.register(self.shutdown)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run ``fn`` on a thread.

        Raises:
            PoolFull: too many wait already.
        """
        future: Future[Any] = Future()
        with self._mutex:
            if self._unfinished >= self._threads + self._waiting:
                raise PoolFull
            self._count(1)
            if self._started < min(self._threads, self._unfinished):
                self._started += 1
                threading.Thread(target=self._work, name="request", daemon=True).start()
        self._jobs.put(lambda: self._run(future, lambda: fn(*args, **kwargs)))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Give requests under way a moment; the threads themselves end with the process."""
        deadline = time.monotonic() + EXIT_SECONDS
        while wait and self._unfinished and time.monotonic() < deadline:
            time.sleep(0.02)

    def _work(self) -> None:
        while True:
            self._jobs.get()()

    def _run(self, future: Future[Any], call: Callable[[], Any]) -> None:
        try:
            if future.set_running_or_notify_cancel():
                future.set_result(call())
        except BaseException as error:  # noqa: BLE001 -- handed to whoever awaits the future
            future.set_exception(error)
        finally:
            with self._mutex:
                self._count(-1)

    def _count(self, change: int) -> None:
        self._unfinished += change
        waiting = max(0, self._unfinished - self._threads)
        if waiting != self._told:
            self._told = waiting
            self._tell(waiting)


class WsgiRequests:
    """An ASGI application that answers HTTP through a WSGI one."""

    def __init__(self, application: Any, *, threads: int, waiting: int) -> None:
        self.application = application
        metrics.request_threads.set(threads)
        self.pool = RequestPool(threads=threads, waiting=waiting, tell=metrics.requests_waiting.set)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        responder = WSGIResponder(self.application, self.pool, SEND_QUEUE)  # type: ignore[arg-type]
        try:
            await responder(with_ascii_query(scope), receive, send)  # type: ignore[arg-type]
        except PoolFull:
            metrics.requests_turned_away.inc()
            await send_busy(send)


def with_ascii_query(scope: Scope) -> Scope:
    """Percent-encode raw bytes in the query, which clients may send and WSGI cannot carry."""
    query: bytes = scope.get("query_string", b"")
    if query.isascii():
        return scope
    encoded = "".join(chr(byte) if byte < 128 else f"%{byte:02X}" for byte in query)
    return {**scope, "query_string": encoded.encode()}


async def send_busy(send: Send) -> None:
    """Refuse without a thread; Django is not asked, so the name of the request is made here."""
    name = uuid.uuid4().hex
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"retry-after", b"1"),
        (b"x-request-id", name.encode()),
    ]
    body = json.dumps({**BUSY_BODY, "instance": name}).encode()
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": body})
