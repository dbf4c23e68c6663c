"""What the embedded desk's server leaves to Django, and what it refuses in our words."""

from __future__ import annotations

import http.client
import json
import socket

import pytest

from tests.support.desk import LiveDesk

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

LONG = "x" * 17_000
SECONDS = 60


def test_a_form_that_holds_nothing_is_answered_by_us(desk: LiveDesk) -> None:
    connection = http.client.HTTPConnection(desk.url.removeprefix("http://"), timeout=SECONDS)
    headers = {"Content-Type": "multipart/form-data; boundary=b", "Authorization": "Bearer nobody"}
    connection.request("POST", "/api/v1/prices/imports", b"--b--\r\n", headers)
    answer = connection.getresponse()
    assert (answer.status, answer.getheader("Content-Type")) == (401, "application/problem+json")
    connection.close()


def send(desk: LiveDesk, request: str) -> http.client.HTTPResponse:
    """Send what no client would; return the answer, whose connection is closed."""
    with socket.create_connection(("127.0.0.1", desk.port), timeout=SECONDS) as connection:
        connection.sendall(request.encode("latin-1"))
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        answer.headers["Body"] = answer.read().decode()
        return answer


@pytest.mark.parametrize(
    ("status", "request_text"),
    [
        pytest.param(414, f"GET /api/v1/me?{LONG} HTTP/1.1\r\n\r\n", id="address"),
        pytest.param(431, f"GET / HTTP/1.1\r\nHost: a\r\nX-Long: {LONG}\r\n\r\n", id="line"),
        pytest.param(
            431,
            "GET / HTTP/1.1\r\n" + "".join(f"X-{n}: {LONG[:900]}\r\n" for n in range(20)) + "\r\n",
            id="lines",
        ),
        pytest.param(
            400, "POST /api/v1/orders HTTP/1.1\r\nContent-Length: -1\r\n\r\n", id="length"
        ),
        pytest.param(
            400, "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", id="lengths"
        ),
        pytest.param(400, "GET / HTTP/1.1\r\nTransfer-Encoding: odd\r\n\r\n", id="encoding"),
        pytest.param(400, "nonsense\r\n\r\n", id="first line"),
        pytest.param(400, "GET /api/v1/me HTTP/1.1\r\nHost: a\r\nBad Name: 1\r\n\r\n", id="header"),
        pytest.param(400, "GET /api/v1/\xe9 HTTP/1.1\r\nHost: a\r\n\r\n", id="path"),
    ],
)
def test_what_cannot_be_read_is_refused_in_our_form(
    desk: LiveDesk, status: int, request_text: str
) -> None:
    answer = send(desk, request_text)
    assert answer.status == status
    assert answer.getheader("Content-Type") == "application/problem+json"
    body = json.loads(answer.headers["Body"])
    assert body["status"] == status
    assert body["detail"]
    assert body["instance"] == answer.getheader("X-Request-ID")
