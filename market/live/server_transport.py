"""The network connection behind an ASGI ``send``, where the server is uvicorn.

ASGI cannot say "drop this client now": closing politely waits until the client has taken what is
buffered, which a client that stopped reading never does. So the transport is looked for behind
``send``, through the wrappers of Channels. Under another server nothing is found, and its own
pings end such a client.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import socket
import struct
import sys
from asyncio.trsock import TransportSocket
from typing import Final, Self

from market.live.hub_socket import Send

logger = logging.getLogger(__name__)

# What the kernel holds for one client: some seconds of frames, not megabytes.
KERNEL_BUFFER_BYTES: Final = 64 * 1024
WRAPPERS: Final = 8
NOT_SENT: Final = 0x894B  # SIOCOUTQNSD of Linux


def server_send(send: Send) -> Send:
    """The server's own ``send``, without the wrapper that only ever touches HTTP answers.

    See also ``channels.sessions.InstanceSessionWrapper``: each frame would ask the session twice.
    """
    for _ in range(WRAPPERS):
        inner = getattr(getattr(send, "__self__", None), "real_send", None)
        if inner is None:
            break
        send = inner
    return send


def transport_of(send: Send) -> asyncio.Transport | None:
    """The transport that ``send`` ends in, if it can be seen."""
    owner = getattr(server_send(send), "__self__", None)
    transport = getattr(owner, "transport", None)
    return transport if isinstance(transport, asyncio.Transport) else None


def bound_kernel_buffer(send: Send) -> None:
    """Let a client that stopped reading be noticed after kilobytes instead of megabytes."""
    transport = transport_of(send)
    connection = transport.get_extra_info("socket") if transport else None
    if connection is not None and is_internet(connection):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BUFFER_BYTES)


class ServerLine:
    """The connection to one client, as far as it can be seen; see ``hub_socket.Line``."""

    __slots__ = ("_transport",)

    def __init__(self, transport: asyncio.Transport | None) -> None:
        self._transport = transport

    @classmethod
    def behind(cls, send: Send) -> Self:
        return cls(transport_of(send))

    def is_stuck(self) -> bool:
        """Whether bytes wait for a client that takes none; what it was sent on trust is none."""
        transport = self._transport
        if transport is None or (connection := open_socket_of(transport)) is None:
            return False
        return transport.get_write_buffer_size() > 0 or unsent_bytes(connection) > 0

    def drop(self) -> None:
        """End the connection without delivering what it still holds, in the kernel too."""
        if self._transport is None:
            logger.info("A price socket takes nothing; the server's pings will end it")
            return
        connection = open_socket_of(self._transport)
        if connection is not None and is_internet(connection):
            linger_not = struct.pack("ii", 1, 0)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_not)
        self._transport.abort()


def open_socket_of(transport: asyncio.Transport) -> TransportSocket | None:
    connection: TransportSocket | None = transport.get_extra_info("socket")
    return None if connection is None or connection.fileno() < 0 else connection


def is_internet(connection: TransportSocket) -> bool:
    return connection.family in {socket.AF_INET, socket.AF_INET6}


def unsent_bytes(connection: TransportSocket) -> int:
    """What the kernel holds back because the client's window is full; 0 where none can tell.

    Source: tcp(7), and SIOCOUTQNSD in linux/sockios.h.
    """
    if sys.platform != "linux" or not is_internet(connection):
        return 0
    found = fcntl.ioctl(connection.fileno(), NOT_SENT, struct.pack("i", 0))
    return int(struct.unpack("i", found)[0])
