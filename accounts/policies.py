"""Who may call a view. Each page view declares it; a start-up check refuses one that does not.

``public`` lets everybody in, ``signed_in`` sends a stranger to the sign-in page, ``staff_only``
answers a signed-in stranger 404, because that the page exists is none of his business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from functools import wraps
from typing import Any, Final, TypeVar, cast

from django.contrib.auth.decorators import login_required
from django.core.checks import CheckMessage, Error
from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import URLPattern, URLResolver, get_resolver

View = TypeVar("View", bound=Callable[..., HttpResponseBase])

# Views of these packages are ours; those of Django, allauth and the API guard themselves.
OUR_PACKAGES: Final = ("accounts", "market", "portfolio", "trading", "integrations", "config")
POLICY_ATTRIBUTE: Final = "access_policy"


class Policy(StrEnum):
    PUBLIC = "public"
    SIGNED_IN = "signed_in"
    STAFF_ONLY = "staff_only"


def public(view: View) -> View:
    """Let everybody call the view."""
    return _marked(view, Policy.PUBLIC)


def signed_in(view: View) -> View:
    """Let signed-in people call the view; send others to the sign-in page."""
    return _marked(login_required(view), Policy.SIGNED_IN)


def staff_only(view: View) -> View:
    """Let staff call the view; for other signed-in people it does not exist."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_staff:
            raise Http404
        return view(request, *args, **kwargs)

    return cast("View", _marked(login_required(guarded), Policy.STAFF_ONLY))


def policy_of(view: Callable[..., Any]) -> Policy | None:
    """The policy that the view declares, or ``None``."""
    return getattr(view, POLICY_ATTRIBUTE, None)


def find_undeclared_views(**_: Any) -> list[CheckMessage]:
    """Check that every routed view of ours declares who may call it."""
    return [
        Error(
            f"The view {pattern.lookup_str} at {route!r} does not declare who may call it.",
            hint="Decorate it with public, signed_in or staff_only of accounts.policies.",
            id="accounts.E001",
        )
        for route, pattern in _routes(get_resolver().url_patterns)
        if _is_ours(pattern) and policy_of(pattern.callback) is None
    ]


def _marked(view: View, policy: Policy) -> View:
    setattr(view, POLICY_ATTRIBUTE, policy)
    return view


def _is_ours(pattern: URLPattern) -> bool:
    return pattern.lookup_str.partition(".")[0] in OUR_PACKAGES


def _routes(
    patterns: Iterable[URLPattern | URLResolver], prefix: str = ""
) -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _routes(pattern.url_patterns, route)
        else:
            yield route, pattern
