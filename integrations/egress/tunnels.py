"""Connections through a proxy, by the same rules as straight ones.

The name is resolved and checked here, and the proxy is asked for that very address: where a tunnel
leads is never left to the proxy's resolver.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import httpcore

from integrations.egress.connecting import Address, Deadline, Guard, TimedStream, resolve
from integrations.egress.proxies import Proxy

HEAD_BYTES: Final = 16 * 1024
HEAD_END: Final = b"\r\n\r\n"
OPENED: Final = range(200, 300)
# The proxy stands; whom it was to reach does not answer it.
OTHERS_FAULT: Final = frozenset({502, 503, 504})


class ProxyFailed(httpcore.ConnectError):
    """The proxy itself is away, or will not serve us."""


@dataclass(slots=True)
class TunnelBackend(httpcore.NetworkBackend):
    """Connects through a proxy to what the guard lets pass, before the deadline."""

    guard: Guard
    deadline: Deadline
    proxy: Proxy
    _connect: httpcore.NetworkBackend = field(default_factory=httpcore.SyncBackend)

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        addresses = resolve(host, port, seconds=self.deadline.remaining())
        for address in addresses:
            self.guard.check(address, host=host, port=port)
        if not addresses:
            raise httpcore.ConnectError(f"{host} has no address")
        stream = self._reach_proxy()
        try:
            self._open(stream, addresses[0], port)
        except BaseException:
            stream.close()
            raise
        return TimedStream(stream, self.deadline)

    def _reach_proxy(self) -> httpcore.NetworkStream:
        try:
            return self._connect.connect_tcp(self.proxy.host, self.proxy.port, self._seconds())
        except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
            raise ProxyFailed(f"the proxy {self.proxy.name} does not answer: {error}") from error

    def _open(self, stream: httpcore.NetworkStream, address: Address, port: int) -> None:
        """Ask for the tunnel; nothing of the request itself has been sent by then."""
        target = f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}"
        lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}"]
        if self.proxy.authorization:
            lines.append(f"Proxy-Authorization: {self.proxy.authorization}")
        try:
            stream.write("\r\n".join([*lines, "", ""]).encode(), self._seconds())
            status = self._read_status(stream)
        except (httpcore.NetworkError, httpcore.TimeoutException) as error:
            raise ProxyFailed(f"the proxy {self.proxy.name} does not answer: {error}") from error
        if status in OPENED:
            return
        if status in OTHERS_FAULT:
            raise httpcore.ConnectError(f"the proxy {self.proxy.name} did not reach it ({status})")
        raise ProxyFailed(f"the proxy {self.proxy.name} answered {status}")

    def _read_status(self, stream: httpcore.NetworkStream) -> int:
        head = b""
        while HEAD_END not in head:
            piece = stream.read(HEAD_BYTES, self._seconds())
            head += piece
            if not piece or len(head) > HEAD_BYTES:
                raise httpcore.ReadError("its answer is none")
        version, _, rest = head.partition(b" ")
        if not version.startswith(b"HTTP/1.") or not rest[:3].isdigit():
            raise httpcore.ReadError("its answer is no HTTP")
        return int(rest[:3])

    def _seconds(self) -> float:
        remaining = self.deadline.remaining()
        if remaining <= 0:
            raise httpcore.ConnectTimeout("the time is up")
        return remaining
