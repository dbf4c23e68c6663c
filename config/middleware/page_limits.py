"""How many requests of pages a signed-in user may make in a minute, by his tier.

Far more than clicks, live figures and progress bars need; it is for programs that use pages where
the API has limits. What the signed-out may do is limited where they do it, see ``sign_in``.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts import metrics
from accounts.models import User
from accounts.policies import SAFE_METHODS, Policy, policy_of
from accounts.rate_limits import Budget, Verdict, limiter

COUNTED: Final = frozenset({Policy.SIGNED_IN, Policy.STAFF_ONLY})
VERDICT: Final = "page_verdict"


class PageLimitsMiddleware:
    """Below authentication and HTMX, whose findings it reads."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        verdict: Verdict | None = getattr(request, VERDICT, None)
        if verdict is not None:
            for name, value in verdict.headers().items():
                response.headers[name] = value
        return response

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], *_: object
    ) -> HttpResponse | None:
        """Answer in the view's place where the minute's requests are used up."""
        if policy_of(view) not in COUNTED or not isinstance(request.user, User):
            return None
        verdict = limiter.take(budget_of(request.user), is_read=request.method in SAFE_METHODS)
        setattr(request, VERDICT, verdict)
        if verdict.is_allowed:
            return None
        metrics.rate_limit_refusals.labels(verdict.budget.policy).inc()
        return refusal(request, verdict)


def budget_of(user: User) -> Budget:
    """Counted apart from the API, so that neither takes the other's."""
    allowed = user.allowance.page_requests_per_minute
    return Budget(f"pages:{user.id}", f"{user.tier}-pages", allowed)


def refusal(request: HttpRequest, verdict: Verdict) -> HttpResponse:
    """A page without anything that fetches more; a line of text for what is part of another page.

    What HTMX asked for stays as it is, since base.html lets it swap no 429, and is asked again.
    """
    seconds = verdict.free_in_seconds
    if request.headers.get("HX-Request") or not request.accepts("text/html"):
        words = f"Too many requests; try again in {seconds} s.\n"
        response = HttpResponse(words, content_type="text/plain; charset=utf-8")
    else:
        context = {"seconds": seconds, "per_minute": f"{verdict.budget.per_minute:,}"}
        response = render(request, "too_often.html", context)
    response.status_code = HTTPStatus.TOO_MANY_REQUESTS
    response.headers["Retry-After"] = str(seconds)
    response.headers["Cache-Control"] = "no-store"
    return response
