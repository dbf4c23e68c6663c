"""The APIs' way past what only pages need: sessions, CSRF, messages, sign-in, HTMX.

They take no cookies, so nothing of that means anything there, and a third of what an empty answer
costs would be spent on it. What stands before this in ``MIDDLEWARE`` is for both.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.core.handlers.base import BaseHandler
from django.core.handlers.exception import convert_exception_to_response
from django.http import HttpRequest
from django.http.response import HttpResponseBase

API_PREFIXES: Final = ("/api/v1/", "/alpaca/")
# Pages of ours, that ask for the theme and who is signed in; and the ways in, which the sign-in
# library goes with what its own pages have.
AS_PAGES: Final = ("/api/v1/docs", "/api/v1/auth/")

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


def straight_to_view() -> View:
    """What Django has at the end of the chain: find the view by its address, and call it."""
    handler: Any = BaseHandler()  # its chain is its own affair, so nothing of it has a type
    handler._view_middleware = []
    handler._template_response_middleware = []
    handler._exception_middleware = []
    view: View = handler._get_response
    return view
