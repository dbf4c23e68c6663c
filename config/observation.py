"""One log line and the metrics of each request and each task."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any, Final

from celery import signals
from django.conf import settings
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase

from accounts import metrics
from accounts.auth import Caller
from accounts.http import request_id

logger = logging.getLogger("holdfast.requests")
task_logger = logging.getLogger("holdfast.tasks")

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# Asked every few seconds by machines; they say themselves when something changes.
QUIET: Final = ("/api/v1/health/", "/api/v1/metrics")
OUR_FAULT: Final = 500
CONVERTER: Final = re.compile(r"<(?:\w+:)?(\w+)>")


class ObservationMiddleware:
    """Stands first behind the request's id, so that it sees every answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        started = time.perf_counter()
        metrics.requests_under_way.inc()
        try:
            response = self.get_response(request)
        finally:
            metrics.requests_under_way.dec()
        route = route_of(request)
        metrics.request_answered(
            method=request.method if request.method in METHODS else "OTHER",
            route=route,
            status=response.status_code,
            seconds=time.perf_counter() - started,
        )
        if not logger.isEnabledFor(logging.INFO) or is_quiet(request, response):
            return response
        if isinstance(response, StreamingHttpResponse):
            chunks: Iterable[bytes] = response.streaming_content  # type: ignore[assignment]
            response.streaming_content = Counted(chunks, request, response, route, started)
        else:
            size = len(getattr(response, "content", b""))
            tell_request(request, response, route=route, started=started, size=size)
        return response


class Counted:
    """A stream that is told of when it has ended, with the bytes that went out."""

    def __init__(
        self,
        chunks: Iterable[bytes],
        request: HttpRequest,
        response: HttpResponseBase,
        route: str,
        started: float,
    ) -> None:
        self._chunks = chunks
        self._about = (request, response)
        self._route = route
        self._started = started
        self._size = 0
        self._is_told = False

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            self._size += len(chunk)
            yield chunk

    def close(self) -> None:
        if not self._is_told:
            self._is_told = True
            request, response = self._about
            tell_request(
                request, response, route=self._route, started=self._started, size=self._size
            )


def route_of(request: HttpRequest) -> str:
    """The pattern of the address, without ids and queries; few, whatever callers ask for."""
    if request.resolver_match is not None:
        return readable(request.resolver_match.route)
    return "static" if request.path.startswith(settings.STATIC_URL) else "unknown"


@lru_cache(maxsize=2_000)
def readable(pattern: str) -> str:
    """``api/v1/orders/<uuid:order_id>`` is ``/api/v1/orders/{order_id}``, as in the API's pages."""
    return "/" + CONVERTER.sub(r"{\1}", pattern).strip("^$")


def is_quiet(request: HttpRequest, response: HttpResponseBase) -> bool:
    """Whether nobody would read the line: files of ours, and probes whatever they find."""
    if request.path.startswith(QUIET):
        return True
    return request.path.startswith(settings.STATIC_URL) and response.status_code < OUR_FAULT


def tell_request(
    request: HttpRequest, response: HttpResponseBase, *, route: str, started: float, size: int
) -> None:
    latency_ms = round((time.perf_counter() - started) * 1000, 1)
    status = response.status_code
    level = logging.WARNING if status >= OUR_FAULT else logging.INFO
    facts = {
        "method": request.method,
        "route": route,
        "status": status,
        "latency_ms": latency_ms,
        "bytes": size,
        "request_id": request_id(request),
        **actor_of(request),
    }
    logger.log(level, "%s %s %s %s ms", request.method, route, status, latency_ms, extra=facts)


def actor_of(request: HttpRequest) -> dict[str, str]:
    """Who asked, as far as answering has found out; nothing is asked of the database."""
    caller = getattr(request, "auth", None)
    if isinstance(caller, Caller):
        found = {"user_id": str(caller.user.id)}
        return found | ({"key_id": str(caller.key_id)} if caller.key_id else {})
    user = request.__dict__.get("_cached_user")
    return {"user_id": str(user.pk)} if user is not None and user.is_authenticated else {}


_started: Final[dict[str, float]] = {}


def task_begins(task_id: str, **_: Any) -> None:
    _started[task_id] = time.perf_counter()


def task_ended(task_id: str, task: Any, state: str | None = None, **_: Any) -> None:
    """One line a task: frequent ones that went well only where somebody looks closely."""
    seconds = time.perf_counter() - _started.pop(task_id, time.perf_counter())
    outcome = (state or "unknown").lower()
    metrics.tasks.labels(task.name, outcome).inc()
    metrics.task_seconds.labels(task.name).observe(seconds)
    level = logging.INFO if outcome == "success" else logging.WARNING
    facts = {"task": task.name, "outcome": outcome, "duration_ms": round(seconds * 1000, 1)}
    task_logger.log(
        level,
        "%s %s %s ms",
        task.name,
        outcome,
        facts["duration_ms"],
        extra={**facts, "request_id": task_id},
    )


signals.task_prerun.connect(task_begins)
signals.task_postrun.connect(task_ended)
