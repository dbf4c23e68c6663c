"""What fails before or around a view, in the form that the caller reads: problem or page."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views import defaults

from config.problems import DETAILS, answer_error, problem

API: str = "/api/"
TOO_MUCH: Final = (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent)


def answer_bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """A host that is not ours, a cookie too many: what Django takes for an attempt."""
    if request.path.startswith(API):
        return answer_error(request, exception)
    if isinstance(exception, TOO_MUCH):
        status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        return HttpResponse(render_to_string("413.html"), status=status)
    return defaults.bad_request(request, exception)


def answer_crash(request: HttpRequest) -> HttpResponse:
    """Django has logged it by now."""
    if request.path.startswith(API):
        status = HTTPStatus.INTERNAL_SERVER_ERROR
        return problem(request, status, detail=DETAILS[status])
    return defaults.server_error(request)
