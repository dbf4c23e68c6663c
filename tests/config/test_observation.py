"""One line a request, a socket and a task; no ids of paths, no queries, no noise."""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.test import Client

from accounts.models import ApiKey, User
from config import observation
from config.middleware.socket_log import SocketLog
from portfolio.models import Portfolio
from tests.api.clients import ApiClient, key_for
from tests.factories import make_portfolio, make_user


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO)
    return caplog


@pytest.fixture
def alice(db: None) -> User:
    return make_user()


def of(lines: pytest.LogCaptureFixture, name: str) -> list[dict[str, Any]]:
    return [
        record.__dict__ | {"text": record.getMessage()}
        for record in lines.records
        if record.name == f"holdfast.{name}"
    ]


def test_an_api_request_is_one_line_with_who_asked(
    alice: User, lines: pytest.LogCaptureFixture
) -> None:
    portfolio: Portfolio = make_portfolio(alice)
    answer = ApiClient(key_for(alice)).get(f"/portfolios/{portfolio.id}", note="secret words")
    (line,) = of(lines, "requests")
    assert line["method"] == "GET"
    assert line["route"] == "/api/v1/portfolios/{portfolio_id}"
    assert line["status"] == answer.status_code
    assert line["bytes"] == len(answer.content)
    assert line["latency_ms"] > 0
    assert line["user_id"] == str(alice.id)
    assert line["key_id"] == str(ApiKey.objects.get().id)
    assert line["request_id"] == answer["X-Request-ID"]
    assert str(portfolio.id) not in line["text"]
    assert "secret words" not in str(line)


def test_a_page_names_its_visitor_and_no_key(
    alice: User, lines: pytest.LogCaptureFixture, client: Client
) -> None:
    client.force_login(alice)
    client.get("/home")
    (line,) = of(lines, "requests")
    assert (line["route"], line["user_id"]) == ("/home", str(alice.id))
    assert "key_id" not in line


def test_a_stream_is_told_when_it_has_ended(
    alice: User, lines: pytest.LogCaptureFixture, client: Client
) -> None:
    client.force_login(alice)
    response = client.get("/fills/file?format=csv")
    assert of(lines, "requests") == []
    size = len(b"".join(response))
    (line,) = of(lines, "requests")
    assert line["bytes"] == size > 50
    assert line["request_id"] == response["X-Request-ID"]


@pytest.mark.parametrize("path", ["/api/v1/health/live", "/static/css/base.css", "/api/v1/metrics"])
def test_noise_is_left_out(
    path: str, lines: pytest.LogCaptureFixture, client: Client, db: None
) -> None:
    response = client.get(path)
    response.close()
    assert of(lines, "requests") == []


def test_an_unknown_page_is_one_route(
    lines: pytest.LogCaptureFixture, client: Client, db: None
) -> None:
    client.get("/wp-login.php?password=hunter2")
    (line,) = of(lines, "requests")
    assert (line["route"], line["status"]) == ("unknown", 404)
    assert "hunter2" not in str(line)


def test_a_task_is_one_line(lines: pytest.LogCaptureFixture) -> None:
    task = SimpleNamespace(name="market.tasks.something")
    for state in ("SUCCESS", "FAILURE"):
        observation.task_begins(task_id="t1")
        observation.task_ended(task_id="t1", task=task, state=state)
    well, badly = of(lines, "tasks")
    assert (well["task"], well["outcome"]) == ("market.tasks.something", "success")
    assert well["request_id"] == "t1"
    assert well["duration_ms"] >= 0
    assert (badly["outcome"], badly["levelno"]) == ("failure", logging.WARNING)


def talk(*, accepts: bool, past_say: bool = False) -> None:
    sent = [{"type": "websocket.connect"}, {"type": "websocket.disconnect", "code": 1001}]

    async def receive() -> Any:
        return sent.pop(0)

    async def send(message: Any) -> None:
        pass

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        speak = send.__self__.real_send if past_say else send
        await speak({"type": "websocket.accept" if accepts else "websocket.close"})
        if accepts:
            await receive()

    scope = {"path": "/ws/v1/portfolios/0198c0de-0000-7000-8000-000000000000", "headers": []}
    async_to_sync(SocketLog(application))(scope, receive, send)


@pytest.mark.parametrize("past_say", [False, True])
def test_a_socket_is_told_of_when_it_opens_and_closes(
    lines: pytest.LogCaptureFixture, past_say: bool
) -> None:
    talk(accepts=True, past_say=past_say)
    opened, closed = of(lines, "sockets")
    assert (opened["event"], closed["event"]) == ("open", "closed")
    assert opened["route"] == "/ws/v1/portfolios/{id}"
    assert closed["code"] == 1001


def test_a_refused_socket_is_one_line(lines: pytest.LogCaptureFixture) -> None:
    talk(accepts=False)
    (line,) = of(lines, "sockets")
    assert line["event"] == "refused"


def test_nothing_is_told_below_its_level(
    lines: pytest.LogCaptureFixture, client: Client, caplog: pytest.LogCaptureFixture, db: None
) -> None:
    caplog.set_level(logging.WARNING, "holdfast.requests")
    client.get("/")
    assert of(lines, "requests") == []
