"""Connections to checked addresses: a name is resolved once, and what was checked is connected to.

TLS speaks to the name all the same, so certificates are checked against it. A name of which one
address is refused is refused whole: nobody sensible points a name at both sides of a wall.
"""

from __future__ import annotations

import queue
import socket
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address
from ssl import SSLContext
from typing import Any, Final, TypeAlias

import httpcore

from integrations.egress.networks import refused_network
from integrations.egress.own_networks import Destination

PIECE_BYTES: Final = 64 * 1024
ADDRESSES_TRIED: Final = 4
Address: TypeAlias = IPv4Address | IPv6Address


class DestinationRefused(Exception):
    """The address lies in a network that nothing of ours connects to."""


@dataclass(frozen=True, slots=True)
class Guard:
    """What may be connected to.

    ``meant`` is an address that the operator wrote out in a setting: he means it, wherever it is.
    """

    own_networks: Sequence[Destination] = ()
    meant: Address | None = None

    def check(self, address: Address, *, host: str, port: int) -> None:
        if address == self.meant:
            return
        if any(it.includes(address, host=host, port=port) for it in self.own_networks):
            return
        if kind := refused_network(address):
            raise DestinationRefused(f"{host} is in a refused network ({kind}).")


def resolve(host: str, port: int, *, seconds: float) -> list[Address]:
    """Ask the resolver once; its addresses in its order, each once.

    Raises:
        httpcore.ConnectError: it knows none.
        httpcore.ConnectTimeout: it does not answer in time.
    """
    # The C library's resolver cannot be told to hurry, so it is left behind instead.
    answers: queue.SimpleQueue[list[Any] | OSError | UnicodeError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            answers.put(error)

    threading.Thread(target=ask, name="resolver", daemon=True).start()
    try:
        answer = answers.get(timeout=max(seconds, 0))
    except queue.Empty:
        raise httpcore.ConnectTimeout(f"{host} was not resolved in time") from None
    if isinstance(answer, OSError | UnicodeError):
        raise httpcore.ConnectError(f"{host} is not known") from answer
    return list(dict.fromkeys(ip_address(str(row[4][0])) for row in answer))


@dataclass(slots=True)
class Deadline:
    at: float  # monotonic
    has_sent: bool = False  # whether any byte of a request may have arrived

    def remaining(self) -> float:
        return self.at - time.monotonic()


class TimedStream(httpcore.NetworkStream):
    """A stream whose every wait ends at one deadline, however often a piece arrives."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._seconds(httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), PIECE_BYTES):
            seconds = self._seconds(httpcore.WriteTimeout)
            self._deadline.has_sent = True
            self._stream.write(buffer[start : start + PIECE_BYTES], seconds)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        seconds = self._seconds(httpcore.ConnectTimeout)
        return TimedStream(
            self._stream.start_tls(ssl_context, server_hostname, seconds), self._deadline
        )

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

    def _seconds(self, error: type[Exception]) -> float:
        remaining = self._deadline.remaining()
        if remaining <= 0:
            raise error("the time is up")
        return remaining


@dataclass(slots=True)
class GuardedBackend(httpcore.NetworkBackend):
    """Connects to what the guard lets pass, before the deadline."""

    guard: Guard
    deadline: Deadline
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
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        for count, address in enumerate(addresses[:ADDRESSES_TRIED], start=1):
            remaining = self.deadline.remaining()
            if remaining <= 0:
                raise httpcore.ConnectTimeout(f"{host} was not reached in time")
            try:
                stream = self._connect.connect_tcp(
                    str(address),
                    port,
                    remaining / (min(len(addresses), ADDRESSES_TRIED) - count + 1),
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
                continue
            self._check_peer(stream, host=host, port=port)
            return TimedStream(stream, self.deadline)
        raise failure

    def _check_peer(self, stream: httpcore.NetworkStream, *, host: str, port: int) -> None:
        """Whom the socket itself says it speaks to."""
        peer = ip_address(stream.get_extra_info("server_addr")[0])
        try:
            self.guard.check(peer, host=host, port=port)
        except DestinationRefused:
            stream.close()
            raise
