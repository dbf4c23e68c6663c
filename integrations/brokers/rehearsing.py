"""A broker on this machine that speaks a vendor's HTTP: to test adapters, and to try connections.

The ``rehearsal`` module of an adapter's folder tells a neutral world in its vendor's words. What
goes wrong on the way is the same for all and is done here.
"""

from __future__ import annotations

import json
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from typing import Any, ClassVar, Final, TypeVar
from urllib.parse import parse_qsl, urlsplit

from trading.brokers import BrokerActivity, BrokerPosition

NOT_FOUND: Final = 404
HOLD_SECONDS: Final = 30


@dataclass(slots=True)
class World:
    """What is true at the broker. ``happenings`` in the order of time."""

    currency: str = "USD"
    cash: Decimal = Decimal(1000)
    happenings: list[BrokerActivity] = field(default_factory=list)
    positions: list[BrokerPosition] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Asked:
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]  # names as Content-Type
    body: bytes

    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found


@dataclass(frozen=True, slots=True)
class Told:
    status: int = 200
    body: Any = None  # bytes as they are, anything else as the vendor writes it
    headers: Mapping[str, str] = field(default_factory=dict)
    is_held: bool = False  # what was asked is done, and the answer never comes


Fault = Callable[[Asked, Callable[[Asked], Told]], Told | None]


class Rehearsal(ABC):
    """``faults`` are asked first, each whether it has an answer; the first that has is taken."""

    credentials: Mapping[str, str]
    # What in the query of a history says which page, where one page names the next.
    pages_by: ClassVar[frozenset[str]] = frozenset({"cursor", "page_token"})
    # Whether a history comes in one answer, after which the vendor is not asked again.
    tells_at_once: ClassVar[bool] = False
    # Of the kinds of a world, those that the vendor has a word for.
    kinds: ClassVar[frozenset[str]] = frozenset(
        {"deposit", "buy", "sell", "dividend", "interest", "fee", "withdrawal"}
    )

    def __init__(self, world: World) -> None:
        self.world = world
        self.faults: list[Fault] = []
        self.asked: list[Asked] = []
        self.is_expired = False
        self.clock: Callable[[], float] = time.time
        self.url = ""
        self.released = threading.Event()

    @abstractmethod
    def answer(self, asked: Asked) -> Told:
        """The vendor's answer, where all goes well."""

    @abstractmethod
    def lets_in(self, asked: Asked) -> bool:
        """Whether the question is signed by the credentials."""

    @abstractmethod
    def placed_orders(self) -> list[str]:
        """The clients' ids of all orders that were taken."""

    def tells_history(self, asked: Asked) -> bool:
        """Whether it asks for what happened."""
        return asked.method == "GET" and ("history" in asked.path or "activities" in asked.path)

    def lists_of(self, body: Any) -> list[list[dict[str, Any]]]:
        """The lists of what happened in the body of such an answer."""
        found = body.get("items") if isinstance(body, dict) else body
        return [found] if isinstance(found, list) else []

    def refuse(self) -> Told:
        """What is said to whom it does not let in."""
        return Told(401, {"message": "unauthorized."})

    def write(self, told: Told) -> bytes:
        return told.body if isinstance(told.body, bytes) else json.dumps(told.body).encode()

    def admits(self, asked: Asked) -> bool:
        return not self.is_expired and self.lets_in(asked)

    def serve(self, asked: Asked) -> Told:
        self.asked.append(asked)
        for fault in list(self.faults):
            told = fault(asked, self.answer)
            if told is not None:
                return told
        if not self.admits(asked):
            return self.refuse()
        return self.answer(asked)


AnyRehearsal = TypeVar("AnyRehearsal", bound=Rehearsal)


def rehearsal_of(broker: str) -> type[Rehearsal]:
    """The one in the folder of that name."""
    found: type[Rehearsal] = import_module(f"integrations.brokers.{broker}.rehearsal").REHEARSAL
    return found


@contextmanager
def rehearsing(rehearsal: AnyRehearsal, *, port: int = 0) -> Iterator[AnyRehearsal]:
    """Serve it on loopback."""

    class Door(BaseHTTPRequestHandler):
        def serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            parts = urlsplit(self.path)
            headers = {name.title(): value for name, value in self.headers.items()}
            query = dict(parse_qsl(parts.query, keep_blank_values=True))
            told = rehearsal.serve(Asked(self.command, parts.path, query, headers, body))
            if told.is_held:
                rehearsal.released.wait(HOLD_SECONDS)
                return
            written = rehearsal.write(told)
            self.send_response(told.status)
            for name, value in told.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(written)))
            self.end_headers()
            self.wfile.write(written)

        do_GET = do_POST = do_PATCH = do_DELETE = serve  # noqa: N815 -- the library's names

        def log_message(self, *words: object) -> None:
            """Say nothing of each question."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Door)
    rehearsal.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield rehearsal
    finally:
        rehearsal.released.set()
        server.shutdown()
        thread.join()
        server.server_close()
