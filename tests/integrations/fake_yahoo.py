"""A Yahoo on this machine: its hosts behind TLS, charts with cookie and crumb, and its faults."""

from __future__ import annotations

import datetime as dt
import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from curl_cffi import CurlOpt
from curl_cffi._wrapper import ffi, lib

from tests.support.serving import serving

HOSTS = ("query1.finance.yahoo.com", "query2.finance.yahoo.com", "fc.yahoo.com")
CHART = "/v8/finance/chart/"
MINUTE = 60
DAY = 24 * 3600


@dataclass
class FakeYahoo:
    """Has a price for each minute and day of the session; answers as told first."""

    opens_at: int  # seconds since 1970
    minutes: int = 390
    currency: str = "USD"
    zone: str = "America/New_York"
    close: float = 150.02999877929688  # single precision, as Yahoo sends it
    absent: set[int] = field(default_factory=set)  # minutes with nulls
    events: dict[str, Any] = field(default_factory=dict)
    # What charts answer before they answer rightly: status, headers, body.
    answers: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    crumb_status: int = 200
    changes: dict[str, Any] = field(default_factory=dict)  # of the chart's result
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    speaks: Event = field(default_factory=Event)
    port: int = 0

    @property
    def charts(self) -> list[tuple[str, dict[str, str]]]:
        """The questions for prices: symbol and query, without those for a time zone."""
        return [
            (path.removeprefix(CHART), query)
            for path, query in self.asked
            if path.startswith(CHART) and "period1" in query
        ]

    def chart(self, query: dict[str, str]) -> bytes:
        since, until = int(query.get("period1", 0)), int(query.get("period2", 0))
        step = {"1m": MINUTE, "1d": DAY}[query["interval"]]
        count = self.minutes if step == MINUTE else 5
        times = [
            at for n in range(count) if since <= (at := self.opens_at + n * step) < (until or at)
        ]
        numbers = [None if at in self.absent else self.close for at in times]
        prices: dict[str, Any] = dict.fromkeys(("open", "low", "close"), numbers)
        prices["high"] = [None if at in self.absent else self.close + 1 for at in times]
        prices["volume"] = [None if at in self.absent else 7 for at in times]
        period = {"timezone": "EST", "gmtoffset": -18000}
        span = period | {"start": self.opens_at, "end": self.opens_at + self.minutes * MINUTE}
        meta = {
            "currency": self.currency,
            "exchangeTimezoneName": self.zone,
            "instrumentType": "EQUITY",
            "validRanges": ["1d", "max"],
            "priceHint": 2,
            "tradingPeriods": [[span]],
        }
        result: dict[str, Any] = {"meta": meta, "indicators": {"quote": [prices if times else {}]}}
        if times:
            result |= {"timestamp": times, "events": self.events}
            if step == DAY:
                result["indicators"]["adjclose"] = [
                    {"adjclose": [None if n is None else n - 1 for n in numbers]}
                ]
        result |= self.changes
        return json.dumps({"chart": {"result": [result], "error": None}}).encode()

    def answer(self, path: str, query: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        self.asked.append((path, query))
        if path.startswith(CHART):
            if self.answers:
                return self.answers.pop(0)
            return 200, {}, self.chart(query)
        if path == "/v1/test/getcrumb":
            return self.crumb_status, {}, b"crumb"
        # Its real one has no page there either, and gives a cookie all the same.
        return 404, {"Set-Cookie": "A3=d; Domain=.yahoo.com; Path=/; Max-Age=31536000"}, b""


def way_to(fake: FakeYahoo) -> dict[CurlOpt, Any]:
    """Options of curl that lead every host here; the library cannot write such lists itself."""
    line = f"::127.0.0.1:{fake.port}".encode()
    return {CurlOpt.CONNECT_TO: lib.curl_slist_append(ffi.NULL, line)}


def refusal(status: int, words: str) -> tuple[int, dict[str, str], bytes]:
    """As Yahoo explains why there is nothing."""
    error = {"code": "Bad Request", "description": words}
    return status, {}, json.dumps({"chart": {"result": None, "error": error}}).encode()


class Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients hang up as they like."""


@contextmanager
def running(fake: FakeYahoo, certificate: Path) -> Iterator[FakeYahoo]:
    class Door(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            fake.speaks.wait(10)
            parts = urlsplit(self.path)
            status, headers, body = fake.answer(parts.path, dict(parse_qsl(parts.query)))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words: object) -> None:
            pass

    server = Server(("127.0.0.1", 0), Door)
    server.daemon_threads = True
    server.block_on_close = False  # a client keeps its connection open
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    fake.port = server.server_port
    fake.speaks.set()
    with serving(server):
        try:
            yield fake
        finally:
            fake.speaks.set()


def make_certificate(folder: Path) -> Path:
    """A key and a certificate for Yahoo's hosts that only its own file vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "yahoo on this machine")])
    begins = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(begins)
        .not_valid_after(begins + dt.timedelta(days=3))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(host) for host in HOSTS]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "yahoo.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path
