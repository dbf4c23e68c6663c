"""Every failure of the API as RFC 9457 problem+json, and the one table of statuses.

Nothing below the entry points knows HTTP: a class of error means its status here, or that of
the nearest class it derives from.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import redis
from django.core.exceptions import (
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
)
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from ninja.errors import HttpError, ValidationError

from accounts import (
    api_keys,
    auth,
    cursors,
    errors,
    exact_json,
    idempotency_errors,
    rate_limits,
    refresh_tokens,
    roles,
    sign_in,
    table_answers,
    users,
)
from accounts.deadlines import DeadlinePassed
from accounts.errors import Problem
from accounts.http import request_id
from integrations.alpaca_api import credentials
from integrations.connections import arming
from integrations.connections import errors as connections
from integrations.exports import errors as exports
from integrations.live_orders import errors as live_orders
from integrations.vault import errors as vault
from integrations.webhooks import own_webhooks
from market import errors as market_errors
from market.corporate_actions import actions as corporate_actions
from market.instruments import instrument_master
from market.intake import quarantine
from portfolio import errors as portfolio_errors
from portfolio.imports import states as import_states
from portfolio.indices import own_indices
from trading import orders
from trading.changing import archiving, replacement
from trading.halts import halts
from trading.order_entry import stops
from trading.resets import requests as resets

logger = logging.getLogger(__name__)

CONTENT_TYPE: Final = "application/problem+json"
RETRY_AFTER_SECONDS: Final = 2


class UnsupportedMediaType(errors.HoldfastError):
    """The body is in a form that this endpoint does not read."""

    code = "unsupported_media_type"


class MalformedBody(errors.HoldfastError):
    """The body is not what its Content-Type says."""

    code = "malformed_body"


STATUSES: Final[dict[type[Exception], HTTPStatus]] = {
    errors.HoldfastError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.ProblemsError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.AllowanceExceeded: HTTPStatus.FORBIDDEN,
    auth.Unauthenticated: HTTPStatus.UNAUTHORIZED,
    auth.ScopeMissing: HTTPStatus.FORBIDDEN,
    roles.RoleMissing: HTTPStatus.FORBIDDEN,
    api_keys.KeyEnded: HTTPStatus.CONFLICT,
    own_webhooks.WebhookDisabled: HTTPStatus.CONFLICT,
    connections.ConnectionDisabled: HTTPStatus.CONFLICT,
    connections.ConnectionBusy: HTTPStatus.CONFLICT,
    arming.NotArmable: HTTPStatus.CONFLICT,
    arming.NotArmed: HTTPStatus.CONFLICT,
    live_orders.LiveOrderIdTaken: HTTPStatus.CONFLICT,
    live_orders.LiveOrderEnded: HTTPStatus.CONFLICT,
    live_orders.LiveOrderBusy: HTTPStatus.CONFLICT,
    exports.ExportNotReady: HTTPStatus.CONFLICT,
    vault.CredentialLocked: HTTPStatus.CONFLICT,
    vault.VaultUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    auth.KeyBound: HTTPStatus.FORBIDDEN,
    users.AdminNeeded: HTTPStatus.FORBIDDEN,
    credentials.AccountUnnamed: HTTPStatus.FORBIDDEN,
    users.EmailTaken: HTTPStatus.CONFLICT,
    users.OwnRightKept: HTTPStatus.CONFLICT,
    users.LastAdminKept: HTTPStatus.CONFLICT,
    sign_in.SignInRefused: HTTPStatus.UNAUTHORIZED,
    sign_in.SecondFactorNeeded: HTTPStatus.UNAUTHORIZED,
    sign_in.EmailUnverified: HTTPStatus.FORBIDDEN,
    sign_in.SignUpClosed: HTTPStatus.FORBIDDEN,
    sign_in.TooManyAttempts: HTTPStatus.TOO_MANY_REQUESTS,
    refresh_tokens.RefreshRefused: HTTPStatus.UNAUTHORIZED,
    refresh_tokens.JustRefreshed: HTTPStatus.CONFLICT,
    rate_limits.RateLimited: HTTPStatus.TOO_MANY_REQUESTS,
    cursors.BadCursor: HTTPStatus.BAD_REQUEST,
    table_answers.NotAcceptable: HTTPStatus.NOT_ACCEPTABLE,
    idempotency_errors.KeyMissing: HTTPStatus.BAD_REQUEST,
    idempotency_errors.KeyMalformed: HTTPStatus.BAD_REQUEST,
    idempotency_errors.KeyReused: HTTPStatus.UNPROCESSABLE_ENTITY,
    idempotency_errors.StillRunning: HTTPStatus.CONFLICT,
    MalformedBody: HTTPStatus.BAD_REQUEST,
    UnsupportedMediaType: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    market_errors.AmbiguousSymbol: HTTPStatus.CONFLICT,
    market_errors.AlertExists: HTTPStatus.CONFLICT,
    market_errors.WatchlistNameTaken: HTTPStatus.CONFLICT,
    instrument_master.InstrumentExists: HTTPStatus.CONFLICT,
    quarantine.AlreadyJudged: HTTPStatus.CONFLICT,
    quarantine.NotReleasable: HTTPStatus.CONFLICT,
    corporate_actions.ActionExists: HTTPStatus.CONFLICT,
    corporate_actions.ActionCancelled: HTTPStatus.CONFLICT,
    portfolio_errors.EntryConflict: HTTPStatus.CONFLICT,
    portfolio_errors.NotReversible: HTTPStatus.CONFLICT,
    import_states.WrongStep: HTTPStatus.CONFLICT,
    own_indices.IndexNameTaken: HTTPStatus.CONFLICT,
    archiving.OrdersWorking: HTTPStatus.CONFLICT,
    orders.DuplicateClientOrderId: HTTPStatus.CONFLICT,
    orders.OrderFinished: HTTPStatus.CONFLICT,
    stops.OrderEntryStopped: HTTPStatus.SERVICE_UNAVAILABLE,
    stops.NotReopenable: HTTPStatus.CONFLICT,
    halts.AlreadyHalted: HTTPStatus.CONFLICT,
    halts.NotHalted: HTTPStatus.CONFLICT,
    replacement.OrderBusy: HTTPStatus.CONFLICT,
    resets.ResetPending: HTTPStatus.CONFLICT,
    # Django's own.
    Http404: HTTPStatus.NOT_FOUND,
    PermissionDenied: HTTPStatus.FORBIDDEN,
    RequestDataTooBig: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    SuspiciousOperation: HTTPStatus.BAD_REQUEST,
    MultiPartParserError: HTTPStatus.BAD_REQUEST,
    UnreadablePostError: HTTPStatus.BAD_REQUEST,
    OperationalError: HTTPStatus.SERVICE_UNAVAILABLE,
    InterfaceError: HTTPStatus.SERVICE_UNAVAILABLE,
    DeadlinePassed: HTTPStatus.GATEWAY_TIMEOUT,
    redis.RedisError: HTTPStatus.SERVICE_UNAVAILABLE,
}
# Failures that pass; each says when.
RETRIED: Final = (idempotency_errors.StillRunning, sign_in.TooManyAttempts, rate_limits.RateLimited)
# PostgreSQL gave a statement up, and everything of its transaction was rolled back: at its time
# limit, or because somebody else holds what it waits for.
CANCELLED_STATE: Final = "57014"
LOCKED_STATE: Final = "55P03"


def status_of(error: Exception) -> HTTPStatus:
    """The status that an error means; 500 where nobody foresaw it."""
    if sqlstate_of(error) == CANCELLED_STATE:
        return HTTPStatus.GATEWAY_TIMEOUT
    for kind in type(error).__mro__:
        if kind in STATUSES:
            return STATUSES[kind]
    return HTTPStatus.INTERNAL_SERVER_ERROR


def sqlstate_of(error: Exception) -> str | None:
    """PostgreSQL's own code of the error."""
    state: str | None = getattr(error.__cause__, "sqlstate", None)
    return state


def problem(
    request: HttpRequest,
    status: HTTPStatus,
    *,
    detail: str,
    code: str = "",
    problems: Sequence[Problem] = (),
    more: Mapping[str, Any] | None = None,
) -> HttpResponse:
    """Build the answer of a failure. ``more`` are members that only this kind of failure has."""
    code = code or status.name.lower()
    body: dict[str, Any] = {
        "type": f"urn:holdfast:problem:{code}",
        "title": status.phrase,
        "status": status.value,
        "code": code,
        "detail": detail,
        "instance": request_id(request),
    }
    if problems:
        body["errors"] = [
            {"field": found.field, "code": found.code, "message": found.message}
            for found in problems
        ]
    body |= more or {}
    response = HttpResponse(exact_json.render(body), status=status, content_type=CONTENT_TYPE)
    if status == HTTPStatus.UNAUTHORIZED:
        response["WWW-Authenticate"] = 'Bearer realm="holdfast"'
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def answer_error(request: HttpRequest, error: Exception) -> HttpResponse:
    """Turn any exception into its answer. What nobody foresaw is logged, and not shown."""
    status = status_of(error)
    if isinstance(error, errors.HoldfastError):
        problems = error.problems if isinstance(error, errors.ProblemsError) else ()
        more = {"allowance": error.facts()} if isinstance(error, errors.AllowanceExceeded) else None
        response = problem(
            request, status, detail=str(error), code=error.code, problems=problems, more=more
        )
        if isinstance(error, RETRIED):
            response["Retry-After"] = str(error.retry_after_seconds)
        return response
    if sqlstate_of(error) == LOCKED_STATE:
        return problem(request, status, detail=BUSY, code="busy")
    if status == HTTPStatus.GATEWAY_TIMEOUT:
        logger.warning("%s %s took too long: %s", request.method, request.path, error)
    elif status == HTTPStatus.SERVICE_UNAVAILABLE:
        logger.error("A server of ours did not answer: %s", error)
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        logger.error("%s %s failed", request.method, request.path, exc_info=error)
    return problem(request, status, detail=DETAILS.get(status, status.description))


BUSY: Final = (
    "Something else is changing this at the moment, so nothing was done; try again in a moment."
)
DETAILS: Final[dict[HTTPStatus, str]] = {
    HTTPStatus.NOT_FOUND: "There is nothing at this address.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is larger than this endpoint takes.",
    HTTPStatus.BAD_REQUEST: "The request could not be read.",
    HTTPStatus.SERVICE_UNAVAILABLE: "A part of the desk is not available; try again in a moment.",
    HTTPStatus.GATEWAY_TIMEOUT: "This took too long; nothing of it was done.",
    HTTPStatus.INTERNAL_SERVER_ERROR: (
        "Something went wrong on our side; quote the request id in `instance` to have it found."
    ),
}


def answer_http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    """Ninja wraps what its body parser raised; answer that itself."""
    cause = error.__cause__
    if error.status_code == HTTPStatus.BAD_REQUEST and isinstance(cause, ValueError):
        return answer_error(request, MalformedBody(f"The body is not JSON: {cause}"))
    if isinstance(cause, Exception):
        return answer_error(request, cause)
    return problem(request, HTTPStatus(error.status_code), detail=str(error))


def answer_invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """Name every field that is wrong, in the words of the program that sent it."""
    problems = [
        Problem(field_of(found["loc"]), str(found["type"]), sentence(found["msg"]))
        for found in error.errors
    ]
    count = "One thing is" if len(problems) == 1 else f"{len(problems)} things are"
    return problem(
        request,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        detail=f"{count} wrong with the request; see errors.",
        code="invalid",
        problems=problems,
    )


def field_of(location: Sequence[object]) -> str:
    """``("body", "payload", "legs", 0, "price")`` is ``legs.0.price``."""
    parts = [str(part) for part in location[1:]]
    if location[0] == "body" and parts[:1] == ["payload"]:
        parts = parts[1:]
    return ".".join(parts)


def sentence(message: str) -> str:
    return message[:1].upper() + message[1:]
