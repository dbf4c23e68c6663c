"""The JSON API under ``/api/v1``: its frame, its error table, its documentation, its routers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from http import HTTPStatus
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import re_path
from ninja import NinjaAPI, Router
from ninja.errors import HttpError, ValidationError
from ninja.openapi.docs import DocsBase
from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation
from ninja.parser import Parser
from ninja.renderers import BaseRenderer

from accounts import exact_json
from accounts.policies import public
from config.compression import compress
from config.openapi import complete
from config.problems import (
    UnsupportedMediaType,
    answer_error,
    answer_http_error,
    answer_invalid,
    problem,
)
from config.rate_limiting import limited
from config.time_limits import bounded, keep_whole, timed
from config.unknown_parameters import refuse_unknown_parameters

View = Callable[..., HttpResponseBase]

DESCRIPTION: Final = """
Everything the pages do, for programs. A page and its endpoint call the same operation.

* Money, prices and quantities are strings; send strings or numbers, which are read from their
  literal text and never rounded.
* Send a key as `Authorization: Bearer hf_live_…` or `X-API-Key`, or an access token as Bearer.
  Session cookies do not count.
* Lists answer `items` and `next_cursor`; pass it as `cursor` for the next page.
* Failures are `application/problem+json`; `errors` names every field that is wrong, and every
  parameter or field that there is none of.
* `RateLimit` tells how many requests are left; beyond them is 429 with `Retry-After`.
* Orders and activities need an `Idempotency-Key`; elsewhere it is welcome.
"""


class ExactParser(Parser):
    """Bodies as JSON with exact numbers; anything else is refused by its media type."""

    def parse_body(self, request: HttpRequest) -> Any:
        content_type = request.content_type or ""
        # Ninja's stand-in for a part of a form has no type.
        if (
            content_type
            and content_type != "application/json"
            and not content_type.endswith("+json")
        ):
            raise UnsupportedMediaType(
                f"Content-Type was {content_type}, must be application/json."
            )
        return exact_json.parse(request.body)


class ExactRenderer(BaseRenderer):
    media_type = "application/json"

    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> bytes:
        return exact_json.render(data)


class LocalDocs(DocsBase):
    """Swagger from our own static files, without an inline script."""

    def render_page(self, request: HttpRequest, api: NinjaAPI, **kwargs: Any) -> HttpResponse:
        shown = {
            "url": self.get_openapi_url(api, kwargs),
            "layout": "BaseLayout",
            "deepLinking": True,
            "persistAuthorization": False,
            "validatorUrl": None,
        }
        return render(request, "api/docs.html", {"api": api, "swagger_settings": shown})


class HoldfastAPI(NinjaAPI):
    """Ninja, with one frame around every address below it."""

    refuses_unknown_parameters = True

    def get_openapi_operation_id(self, operation: Operation) -> str:
        """The function's own name, which stays when its module moves."""
        return str(operation.view_func.__name__)

    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:
        document = super().get_openapi_schema(**options)
        complete(document)
        return document

    def _get_urls(self) -> list[Any]:
        for router in self._get_bound_routers():
            for view in router.path_operations.values():
                for operation in view.operations:
                    keep_whole(operation)
                    if self.refuses_unknown_parameters:
                        refuse_unknown_parameters(operation)
        # Ninja makes plain patterns only, each with a view.
        patterns: list[Any] = super()._get_urls()
        patterns.append(re_path(r"^.*$", unknown_path, name="unknown-path"))
        for pattern in patterns:
            framed_view = timed(limited(bounded(framed(pattern.callback))))
            pattern.callback = compressed(self.spoken(framed_view))
        return patterns

    def spoken(self, view: View) -> View:
        """The view in the words of whom it is for; ours are our own."""
        return view


def compressed(view: View) -> View:
    """Around everything, so that failures are compressed too."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return compress(request, view(request, *args, **kwargs))

    return answer


def framed(view: View) -> View:
    """Answer in our form what Ninja and Django would answer in theirs."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if b"\0" in unquote_to_bytes(request.META.get("QUERY_STRING", "")) + request.path.encode():
            return problem(request, HTTPStatus.BAD_REQUEST, detail="The address holds a NUL.")
        if is_too_large(request):
            return answer_error(request, RequestDataTooBig())
        try:
            response = view_as_get(view, request, *args, **kwargs)
        except Http404:  # Ninja's root, which is there for its name only
            return unknown_path(request)
        if response.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            allowed = response.headers.get("Allow", "")
            response = problem(
                request,
                HTTPStatus.METHOD_NOT_ALLOWED,
                detail=f"{request.method} is not possible here; {allowed} is.",
            )
            response["Allow"] = allowed
        # What a key may see is nobody else's business, and changes by the second.
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    answer.csrf_exempt = True  # type: ignore[attr-defined]
    return answer


def is_too_large(request: HttpRequest) -> bool:
    """Whether more is announced than even an upload may have; asked before a byte is read."""
    announced = request.META.get("CONTENT_LENGTH") or "0"
    return announced.isdecimal() and int(announced) > (
        settings.LIMITS.upload_bytes + settings.LIMITS.request_body_bytes
    )


def view_as_get(view: View, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
    """Answer HEAD like GET; the server leaves the body out, but only while it is HEAD."""
    if request.method != "HEAD":
        return view(request, *args, **kwargs)
    request.method = "GET"
    try:
        return view(request, *args, **kwargs)
    finally:
        request.method = "HEAD"


@public
def unknown_path(request: HttpRequest) -> HttpResponse:
    """Also the answer for addresses under ``/api/`` outside of ``v1``."""
    return problem(request, HTTPStatus.NOT_FOUND, detail=f"There is nothing at {request.path}.")


unknown_path.csrf_exempt = True  # type: ignore[attr-defined]


def build_api(
    routers: Iterable[Router],
    *,
    namespace: str = "api",
    of: type[HoldfastAPI] = HoldfastAPI,
    has_docs: bool = True,
) -> HoldfastAPI:
    built = of(
        title="Holdfast",
        version="1",
        description=DESCRIPTION,
        urls_namespace=namespace,
        docs=LocalDocs(),
        docs_url="/docs" if has_docs else None,
        openapi_url="/openapi.json" if has_docs else None,
        parser=ExactParser(),
        renderer=ExactRenderer(),
    )
    handlers: dict[type[Exception], Any] = {
        Exception: answer_error,
        HttpError: answer_http_error,
        ValidationError: answer_invalid,
    }
    for kind, handler in handlers.items():
        built.add_exception_handler(kind, handler)
    for router in routers:
        built.add_router("", router)
    return built


ROUTERS: Final = (
    "accounts.api",
    "accounts.token_api",
    "accounts.audit_api",
    "accounts.users_api",
    "market.api",
    "portfolio.api",
    "trading.api.orders",
    "trading.api.many_orders",
    "trading.api.estimates",
    "trading.order_entry.api",
    "trading.halts.api",
    "trading.charging.api",
    "trading.resets.api",
    "integrations.notifications.api",
    "integrations.webhooks.api",
    "integrations.connections.api",
    "integrations.live_orders.api",
    "integrations.exports.api",
    "config.health",
    "config.metrics_api",
)

api: Final = build_api(import_module(name).router for name in ROUTERS if find_spec(name))
