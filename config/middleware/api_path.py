"""The APIs' way past what only pages need: sessions, CSRF, messages, sign-in, HTMX.

They take no cookies, so nothing of that means anything there, and a third of what an empty answer
costs would be spent on it. What stands before this in ``MIDDLEWARE`` is for both.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, ClassVar, Final

from django.core.handlers.base import BaseHandler
from django.core.handlers.exception import convert_exception_to_response
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import ResolverMatch, URLResolver, get_resolver

API_PREFIXES: Final = ("/api/v1/", "/alpaca/")
# Pages of ours, that ask for the theme and who is signed in; and the ways in, which the sign-in
# library goes with what its own pages have.
AS_PAGES: Final = ("/api/v1/docs", "/api/v1/auth/")

REMEMBERED: Final = 2_000
REMEMBERED_LENGTH: Final = 200

View = Callable[[HttpRequest], HttpResponseBase]


class ApiPathMiddleware:
    def __init__(self, get_response: View) -> None:
        self.as_page = get_response
        self.as_api: View = convert_exception_to_response(straight_to_view())  # type: ignore[assignment]

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        path = request.path_info
        if path.startswith(API_PREFIXES) and not path.startswith(AS_PAGES):
            return self.as_api(request)
        return self.as_page(request)


class StraightHandler(BaseHandler):
    """What Django has at the end of the chain: find the view by its address, and call it.

    An address means the same view each time, and looking through a few hundred patterns for it
    would cost as much as the whole frame around an answer; so what was found is remembered.
    """

    _view_middleware: ClassVar[list[Any]] = []
    _template_response_middleware: ClassVar[list[Any]] = []
    _exception_middleware: ClassVar[list[Any]] = []

    def resolve_request(self, request: HttpRequest) -> ResolverMatch:
        path = request.path_info
        find = remembered_match if len(path) <= REMEMBERED_LENGTH else match_of
        match = find(get_resolver(), path)
        request.resolver_match = match
        return match


def match_of(resolver: URLResolver, path: str) -> ResolverMatch:
    return resolver.resolve(path)


# An address that leads nowhere raises, and is not remembered.
remembered_match: Final = lru_cache(maxsize=REMEMBERED)(match_of)


def straight_to_view() -> View:
    handler: Any = StraightHandler()  # of what Django keeps to itself, nothing has a type
    view: View = handler._get_response
    return view
