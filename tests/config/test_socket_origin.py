from typing import Any

import pytest
from asgiref.sync import async_to_sync
from pytest_django import Settings

from config.middleware.socket_origin import ExactOrigin, is_allowed
from config.routing import websocket_application


@pytest.fixture(autouse=True)
def hosts(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["desk.example", "localhost"]
    settings.CSRF_TRUSTED_ORIGINS = ["https://other.example"]


@pytest.mark.parametrize(
    ("host", "origin", "is_secure", "expected"),
    [
        pytest.param("desk.example", "https://desk.example", True, True, id="our own page"),
        pytest.param("localhost:8000", "http://localhost:8000", False, True, id="with a port"),
        pytest.param("desk.example", None, True, True, id="a program"),
        pytest.param("desk.example", "https://other.example", True, True, id="a trusted page"),
        pytest.param("desk.example", "https://evil.example", True, False, id="a stranger's page"),
        pytest.param("desk.example", "http://desk.example", True, False, id="without TLS"),
        pytest.param("localhost:8000", "http://localhost:9000", False, False, id="another port"),
        pytest.param("localhost:8000", "http://localhost", False, False, id="no port"),
        pytest.param("desk.example", "null", True, False, id="a sandboxed page"),
        pytest.param("desk.example", "", True, False, id="empty"),
        pytest.param(
            "desk.example", "https://desk.example.evil.example", True, False, id="a longer name"
        ),
        pytest.param("evil.example", "https://evil.example", True, False, id="a rebound name"),
        pytest.param("evil.example", None, True, False, id="a program at a foreign name"),
    ],
)
def test_only_our_own_pages_open_sockets(
    host: str, origin: str | None, is_secure: bool, expected: bool
) -> None:
    headers = {"host": host} | ({} if origin is None else {"origin": origin})
    assert is_allowed(headers, is_secure=is_secure) is expected


def test_an_address_that_is_none_of_ours_is_refused() -> None:
    sent: list[dict[str, object]] = []

    async def receive() -> dict[str, object]:
        return {"type": "websocket.connect"}

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    scope = {"type": "websocket", "path": "/ws/v1/nothing", "headers": []}
    async_to_sync(websocket_application)(scope, receive, send)
    assert sent == [{"type": "websocket.close", "code": 4404}]


def test_where_no_cookie_counts_no_origin_is_asked_for() -> None:
    heard: list[str] = []

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        heard.append(scope["path"])

    async def send(message: Any) -> None:
        heard.append(message["type"])

    async def open_all() -> None:
        for path in ("/alpaca/stream", "/ws/v1/quotes"):
            headers = [(b"host", b"desk.example"), (b"origin", b"https://evil.example")]
            await ExactOrigin(inner)({"path": path, "headers": headers}, None, send)

    async_to_sync(open_all)()
    assert heard == ["/alpaca/stream", "websocket.close"]
