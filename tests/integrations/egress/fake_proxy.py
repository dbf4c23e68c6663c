"""A proxy on loopback that opens tunnels, or answers as told."""

from __future__ import annotations

import base64
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class FakeProxy:
    """``status`` other than 200 opens nothing; 0 closes without a word."""

    status: int = 200
    credentials: str = ""
    asked: list[str] = field(default_factory=list)  # where tunnels were to lead
    port: int = 0

    @property
    def address(self) -> str:
        user = f"{self.credentials}@" if self.credentials else ""
        return f"http://{user}127.0.0.1:{self.port}"


@contextmanager
def fake_proxy(credentials: str = "") -> Iterator[FakeProxy]:
    fake = FakeProxy(credentials=credentials)

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            target = self.rfile.readline().split()[1].decode()
            headers = {}
            while line := self.rfile.readline().strip():
                name, _, value = line.decode().partition(": ")
                headers[name.lower()] = value
            fake.asked.append(target)
            wanted = base64.b64encode(fake.credentials.encode()).decode()
            status = fake.status
            if fake.credentials and headers.get("proxy-authorization") != f"Basic {wanted}":
                status = 407
            elif target == "holdfast.invalid:443" and status == 200:
                status = 502  # no such name
            if status:
                self.wfile.write(f"HTTP/1.1 {status} x\r\n\r\n".encode())
            if status == 200:
                host, _, port = target.rpartition(":")
                with socket.create_connection((host, int(port)), timeout=5) as beyond:
                    carry(self.connection, beyond)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        fake.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield fake
        finally:
            server.shutdown()
            thread.join()


def carry(near: socket.socket, far: socket.socket) -> None:
    back = threading.Thread(target=pass_on, args=(far, near), daemon=True)
    back.start()
    pass_on(near, far)
    back.join(5)


def pass_on(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(65_536):
            sink.sendall(piece)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
