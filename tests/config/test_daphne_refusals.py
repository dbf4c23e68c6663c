"""The refusals of the embedded desk's server, without one."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from daphne import http_protocol
from twisted.internet.testing import StringTransport

from config import daphne_refusals


@pytest.fixture
def channel(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A connection, of a factory that speaks our words for this test alone."""
    monkeypatch.setattr(http_protocol, "WebRequest", http_protocol.WebRequest)
    monkeypatch.setattr(http_protocol.HTTPFactory, "protocol", None)
    monkeypatch.setattr(http_protocol.HTTPFactory, "speaks_our_words", False, raising=False)
    daphne_refusals.speak_for_daphne()
    server = SimpleNamespace(
        protocol_connected=lambda _: None, protocol_disconnected=lambda _: None
    )
    built = http_protocol.HTTPFactory(server).buildProtocol(None)
    built.makeConnection(StringTransport())  # type: ignore[no-untyped-call]
    return built


def answer_to(channel: Any, request: bytes) -> tuple[bytes, dict[str, Any]]:
    channel.dataReceived(request)
    assert channel._channel.transport.disconnecting
    head, _, body = channel._channel.transport.value().partition(b"\r\n\r\n")
    assert b"Content-Type: application/problem+json" in head
    assert b"Connection: close" in head
    assert f"Content-Length: {len(body)}".encode() in head
    return head.split(b"\r\n")[0], json.loads(body)


def test_headers_are_taken_up_to_the_limit(channel: Any) -> None:
    line = b"X-Long: " + b"x" * (daphne_refusals.LINE_BYTES - 200)
    channel.dataReceived(b"GET /api/v1/me HTTP/1.1\r\n" + line + b"\r\n")
    assert channel._channel.transport.value() == b""


def test_and_not_beyond_it(channel: Any) -> None:
    line = b"X-Long: " + b"x" * daphne_refusals.LINE_BYTES
    first, body = answer_to(channel, b"GET /api/v1/me HTTP/1.1\r\n" + line + b"\r\n")
    assert first == b"HTTP/1.1 431 Request Header Fields Too Large"
    assert str(daphne_refusals.LINE_BYTES) in body["detail"]


def test_an_address_that_is_too_long_is_called_so(channel: Any) -> None:
    first, _ = answer_to(channel, b"GET /" + b"x" * daphne_refusals.LINE_BYTES + b" HTTP/1.1\r\n")
    assert first.startswith(b"HTTP/1.1 414 ")


@pytest.mark.parametrize("length", [b"-1", b"1e3", b"", b"twelve", b"5, 5"])
def test_a_length_that_is_none_is_400(channel: Any, length: bytes) -> None:
    request = b"POST /api/v1/orders HTTP/1.1\r\nContent-Length: " + length + b"\r\n\r\n"
    first, body = answer_to(channel, request)
    assert first == b"HTTP/1.1 400 Bad Request"
    assert "Content-Length" in body["detail"]
    assert len(body["instance"]) == 32
