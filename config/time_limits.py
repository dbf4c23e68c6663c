"""A request of the API has ten seconds; what is late by then is rolled back and answered 504.

``timed`` starts the clock before anything happens, ``bounded`` holds the endpoint to it. Between
them are the rate limit and the key: what they write of their own is not the request's effect.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, Final
from weakref import WeakSet

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import transaction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja.operation import Operation

from accounts.deadlines import Deadline, bounded_by
from accounts.own_transactions import OWN_TRANSACTION
from config.problems import answer_error

View = Callable[..., HttpResponseBase]

# Ways of creating keep to one transaction by themselves: see accounts.idempotency.
CHANGES: Final = frozenset({"PATCH", "PUT", "DELETE"})
STARTED: Final = "started_at_monotonic"
WHOLE: Final[WeakSet[Operation]] = WeakSet()


def timed(view: View) -> View:
    """Note when the request began."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        setattr(request, STARTED, time.monotonic())
        return view(request, *args, **kwargs)

    return answer


def bounded(view: View) -> View:
    """Let nothing be committed after the request's time."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        started: float = getattr(request, STARTED)
        with bounded_by(Deadline(started + settings.LIMITS.request_timeout_seconds)):
            return view(request, *args, **kwargs)

    return answer


def keep_whole(operation: Operation) -> None:
    """Let the operation change something and read how it is now, all or nothing.

    Were the reading a transaction of its own, it could be late after the change was committed.
    Those of ``accounts.own_transactions`` begin theirs by themselves. Doing it again changes
    nothing.
    """
    if CHANGES.isdisjoint(operation.methods) or operation in WHOLE:
        return
    if not getattr(operation.view_func, OWN_TRANSACTION, False):
        operation.run = in_one_transaction(operation.run)  # type: ignore[method-assign]
    WHOLE.add(operation)


def in_one_transaction(view: View) -> View:
    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            with transaction.atomic():
                response = view(request, *args, **kwargs)
                if response.status_code >= 400:  # the endpoint's exception, already answered
                    transaction.set_rollback(True)
                return response
        except DatabaseError as error:
            return answer_error(request, error)

    return answer
