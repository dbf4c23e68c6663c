"""Alpaca's market data on this machine: bars by pages, newest quotes and trades, and its faults."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.support.serving import serving

MINUTE = timedelta(minutes=1)
Asked = dict[str, str]


def bar(at: datetime, **changes: Any) -> dict[str, Any]:
    prices = {"o": 10.1, "h": 10.5, "l": 10, "c": 10.25, "v": 7, "n": 3, "vw": 10.2}
    return {"t": at.strftime("%Y-%m-%dT%H:%M:%SZ"), **prices, **changes}


@dataclass
class FakeAlpaca:
    """Has a bar for each minute but the absent; answers as told first."""

    page_bars: int = 1_000
    answers: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    keys: list[tuple[str | None, str | None]] = field(default_factory=list)
    absent: set[datetime] = field(default_factory=set)
    latest: dict[str, dict[str, Any]] = field(default_factory=dict)  # by path: by symbol
    speaks: Event = field(default_factory=Event)
    url: str = ""

    def bars(self, query: Asked) -> bytes:
        at, end = (datetime.fromisoformat(query[name]).astimezone(UTC) for name in ("start", "end"))
        found = []
        while at <= end:
            if at not in self.absent:
                found.append(bar(at))
            at += MINUTE
        begin = int(query.get("page_token", 0))
        size = min(self.page_bars, int(query["limit"]))
        page, rest = found[begin : begin + size], found[begin + size :]
        token = str(begin + size) if rest else None
        return json.dumps({"bars": {query["symbols"]: page}, "next_page_token": token}).encode()

    def body(self, path: str, query: Asked) -> bytes:
        if path == "/v2/stocks/bars":
            return self.bars(query)
        name = path.split("/")[3]
        wanted = query["symbols"].split(",")
        known = self.latest.get(name, {})
        return json.dumps({name: {one: known[one] for one in wanted if one in known}}).encode()


@contextmanager
def running(fake: FakeAlpaca) -> Iterator[FakeAlpaca]:
    class Door(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            fake.speaks.wait(10)
            parts = urlsplit(self.path)
            query = dict(parse_qsl(parts.query))
            fake.paths.append(parts.path)
            fake.asked.append(query)
            header: Callable[[str], str | None] = self.headers.get
            fake.keys.append((header("APCA-API-KEY-ID"), header("APCA-API-SECRET-KEY")))
            status, headers, body = (
                fake.answers.pop(0) if fake.answers else (200, {}, fake.body(parts.path, query))
            )
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    fake.url = f"http://127.0.0.1:{server.server_port}"
    fake.speaks.set()
    with serving(server):
        try:
            yield fake
        finally:
            fake.speaks.set()
