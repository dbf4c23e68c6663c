"""The limit of requests around every address of the API, before anything else happens."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from django.conf import settings
from django.db import Error as DatabaseError
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone

from accounts import metrics
from accounts.auth import Caller, KeyBound, caller_of_key, key_text
from accounts.http import client_address
from accounts.rate_limits import Budget, limiter
from config.problems import answer_error

View = Callable[..., HttpResponseBase]

READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
# Probes ask often, and must be answered above all when something is away.
EXEMPT: Final = ("/api/v1/health/", "/api/v1/metrics")


def limited(view: View) -> View:
    """Count the request for its caller, refuse it beyond his limit, and tell how much is left."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.path.startswith(EXEMPT):
            return view(request, *args, **kwargs)
        verdict = limiter.take(budget_of(request), is_read=request.method in READS)
        if verdict.is_allowed:
            response = view(request, *args, **kwargs)
        else:
            response = answer_error(request, verdict.refusal())
            metrics.rate_limit_refusals.labels(verdict.budget.policy).inc()
        for name, value in verdict.headers().items():
            response.headers[name] = value
        return response

    return answer


def budget_of(request: HttpRequest) -> Budget:
    """A user's by his tier; whoever shows no live key shares that of his address."""
    caller = find_caller(request)
    if caller is not None:
        allowed = caller.user.allowance.requests_per_minute
        return Budget(f"user:{caller.user.id}", caller.user.tier, allowed)
    allowed = settings.LIMITS.anonymous_requests_per_minute
    return Budget(f"address:{client_address(request)}", "anonymous", allowed)


def find_caller(request: HttpRequest) -> Caller | None:
    """Who calls; the endpoint's own guard then finds him in memory."""
    text = key_text(request.headers)
    if text is None:
        return None
    try:
        return caller_of_key(text, address=client_address(request), at=timezone.now())
    except (DatabaseError, KeyBound):  # the endpoint will say so itself
        return None
