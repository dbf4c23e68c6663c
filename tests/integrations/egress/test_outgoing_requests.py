"""One request: its deadline, its size, its certificate, and what is said when it fails."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pytest_django import Settings

from integrations import http
from integrations.egress import connecting


class Server:
    """Answers by path: /size/<n>, /slow, /late, /redirect, and everything else with its request."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, dict[str, str], bytes]] = []
        self.released = threading.Event()
        server = self

        class Door(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                server.seen.append((self.command, self.path, dict(self.headers), body))
                if self.path == "/late":
                    server.released.wait(20)
                self.send_response(302 if self.path == "/redirect" else 200)
                self.send_header("Location", "/elsewhere")
                self.send_header("Connection", "close")
                self.end_headers()
                if self.path.startswith("/size/"):
                    self.wfile.write(b"x" * int(self.path.removeprefix("/size/")))
                while self.path == "/slow" and not server.released.wait(0.05):
                    self.wfile.write(b"x")

            def do_POST(self) -> None:
                self.do_GET()

            def log_message(self, *words: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self.http.handle_error = lambda *_: None  # type: ignore[method-assign]
        self.port = self.http.server_port
        self.url = f"http://127.0.0.1:{self.port}"


@pytest.fixture
def server(settings: Settings) -> Iterator[Server]:
    made = Server()
    settings.OWN_NETWORKS = [f"127.0.0.1:{made.port}", f"desk.test:{made.port}"]
    thread = threading.Thread(target=made.http.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield made
    made.released.set()
    made.http.shutdown()
    thread.join()
    made.http.server_close()


def ask(url: str, **given: Any) -> http.Answer:
    return http.send(
        given.pop("method", "GET"), url, **{"headers": {}, "seconds": 5, "size": 100, **given}
    )


def test_a_body_and_headers_arrive(server: Server) -> None:
    answer = ask(f"{server.url}/a%20b?c=dé", method="POST", content=b"{}", headers={"X-A": "b"})
    method, path, headers, body = server.seen[0]
    assert (answer.status, method, path, body) == (200, "POST", "/a%20b?c=d%C3%A9", b"{}")
    assert headers["Host"] == f"127.0.0.1:{server.port}"
    assert headers["X-A"] == "b"


def test_a_query_is_added(server: Server) -> None:
    http.get(server.url, query={"a": "b c"}, headers={}, seconds=5, size=10)
    assert server.seen[0][1] == "/?a=b+c"


def test_an_answer_may_be_as_long_as_allowed_and_no_byte_more(server: Server) -> None:
    assert len(ask(f"{server.url}/size/100").body) == 100
    with pytest.raises(http.RequestFailed, match="longer than 100 bytes"):
        ask(f"{server.url}/size/101")


@pytest.mark.parametrize("path", ["/late", "/slow"])
def test_the_whole_of_it_has_one_deadline(server: Server, path: str) -> None:
    with pytest.raises(http.RequestFailed) as caught:
        ask(f"{server.url}{path}", seconds=0.4, size=10**9)
    assert caught.value.may_have_arrived


def test_redirects_are_not_followed(server: Server) -> None:
    with pytest.raises(http.RequestFailed, match="302"):
        ask(f"{server.url}/redirect")
    assert len(server.seen) == 1


def test_who_is_not_there_has_surely_seen_nothing(server: Server, settings: Settings) -> None:
    settings.OWN_NETWORKS = ["127.0.0.1"]
    with pytest.raises(http.RequestFailed) as caught:
        ask("http://127.0.0.1:9/")
    assert not caught.value.may_have_arrived


def test_an_address_the_operator_wrote_out_is_meant(server: Server, settings: Settings) -> None:
    settings.OWN_NETWORKS = []
    assert ask(server.url, is_operators=True).status == 200
    with pytest.raises(http.AddressRefused):
        ask(server.url)
    with pytest.raises(http.AddressRefused):
        ask(f"http://localhost:{server.port}", is_operators=True)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Of desk.test, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "desk.test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("desk.test")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "certificate.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


def test_tls_is_spoken_to_the_name_and_not_to_the_address(
    server: Server, certificate: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    names: list[str | None] = []
    context.sni_callback = lambda _socket, name, _context: names.append(name)
    server.http.socket = context.wrap_socket(server.http.socket, server_side=True)
    trusting = ssl.create_default_context(cafile=str(certificate))
    monkeypatch.setattr(http, "system_tls", lambda: trusting)
    monkeypatch.setattr(connecting, "resolve", lambda *_, **__: [ip_address("127.0.0.1")])
    settings.OWN_NETWORKS = ["127.0.0.1"]
    assert ask(f"https://desk.test:{server.port}/").status == 200
    assert names == ["desk.test"]
    with pytest.raises(http.RequestFailed):
        ask(f"https://other.test:{server.port}/")
    assert len(server.seen) == 1
