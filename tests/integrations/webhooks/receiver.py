"""A program of a user: it takes webhooks on loopback and checks them as its library does."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from tests.support.serving import serving


@dataclass
class Receiver:
    """Answers by ``status``; remembers each attempt, and each event once by its id."""

    secret: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    attempts: Counter[str] = field(default_factory=Counter)
    events: dict[str, Any] = field(default_factory=dict)
    bodies: list[bytes] = field(default_factory=list)
    signed: list[dict[str, str]] = field(default_factory=list)
    refused: int = 0
    port: int = 0
    released: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    def take(self, body: bytes, headers: dict[str, str]) -> int:
        self.bodies.append(body)
        self.signed.append(headers)
        message_id = headers["Webhook-Id"]
        self.attempts[message_id] += 1
        if self.status != 200:
            return self.status
        try:
            found = Verifier(self.secret).verify(body, headers) if self.secret else {}
        except WebhookVerificationError:
            self.refused += 1
            return 401
        self.events.setdefault(message_id, found)
        return self.status


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            names = {name.title(): value for name, value in self.headers.items()}
            status = receiver.take(body, names)
            self.send_response(status)
            for name, value in receiver.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *words: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    receiver.port = server.server_port
    with serving(server):
        yield receiver
