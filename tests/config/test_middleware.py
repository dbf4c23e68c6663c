import json
import logging

from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from config.logs import HealthFilter, JsonFormatter, RequestIdFilter, TerminalFormatter
from config.middleware.content_security import ContentSecurityMiddleware
from config.middleware.request_id import RequestIdMiddleware, request_id


def policy_of(body: bool) -> str:
    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse(str(request.csp_nonce) if body else "")  # type: ignore[attr-defined]

    response = ContentSecurityMiddleware(view)(RequestFactory().get("/"))
    if body:
        assert f"'nonce-{response.content.decode()}'" in response["Content-Security-Policy"]
    return str(response["Content-Security-Policy"])


def test_inline_code_is_allowed_only_by_a_nonce_that_was_used() -> None:
    assert "nonce" not in policy_of(body=False)
    assert policy_of(body=True) != policy_of(body=True)
    for policy in (policy_of(body=False), policy_of(body=True)):
        assert "unsafe" not in policy
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy


def test_each_answer_names_its_request() -> None:
    seen: list[str] = []

    def view(request: HttpRequest) -> HttpResponse:
        seen.append(request_id.get())
        return HttpResponse()

    answer = RequestIdMiddleware(view)
    given = answer(RequestFactory().get("/", headers={"X-Request-ID": "proxy-gave-this"}))
    assert given["X-Request-ID"] == seen[0] == "proxy-gave-this"
    forged = answer(RequestFactory().get("/", headers={"X-Request-ID": 'a"}\nforged'}))
    assert forged["X-Request-ID"] == seen[1]
    assert len(seen[1]) == 32
    assert request_id.get() == "-"


def record(**extra: object) -> logging.LogRecord:
    made = logging.getLogger("desk").makeRecord(
        "desk", logging.WARNING, __file__, 1, "%s units", (3,), None, extra=extra
    )
    RequestIdFilter().filter(made)
    return made


def test_servers_log_one_json_object_a_line() -> None:
    line = JsonFormatter().format(record(order="abc"))
    fields = json.loads(line)
    assert "\n" not in line
    assert fields["message"] == "3 units"
    assert fields["level"] == "WARNING"
    assert fields["order"] == "abc"


def test_a_terminal_shows_a_short_line() -> None:
    assert TerminalFormatter().format(record()).endswith("WARNING desk: 3 units")


def test_health_checks_do_not_fill_the_log() -> None:
    quiet = HealthFilter()
    assert not quiet.filter(record(request=RequestFactory().get("/api/v1/health/ready")))
    assert quiet.filter(record(request=RequestFactory().get("/api/v1/orders")))
    assert quiet.filter(record())
