"""The network connection behind an ASGI ``send``, where the server is uvicorn.

ASGI cannot say "drop this client now": closing politely waits until the client has taken what is
buffered, which a client that stopped reading never does. So the transport is looked for behind
``send``, through the wrappers of Channels. Under another server nothing is found, and its own
pings end such a client.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
from collections.abc import Callable
from typing import Final

from market.live.hub_socket import Send

logger = logging.getLogger(__name__)

# What the kernel holds for one client: some seconds of frames, not megabytes.
KERNEL_BUFFER_BYTES: Final = 64 * 1024
WRAPPERS: Final = 8


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
    if connection is not None and connection.family in {socket.AF_INET, socket.AF_INET6}:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BUFFER_BYTES)


def abort_by(send: Send) -> Callable[[], None]:
    """A function that drops the client at once, with whatever was still buffered for it."""
    transport = transport_of(send)
    if transport is not None:
        return lambda: reset_connection(transport)

    def leave_to_pings() -> None:
        logger.info("A price socket takes nothing; the server's pings will end it")

    return leave_to_pings


def reset_connection(transport: asyncio.Transport) -> None:
    """End a connection without delivering what it still holds, in the kernel too."""
    connection = transport.get_extra_info("socket")
    if connection is not None and connection.family in {socket.AF_INET, socket.AF_INET6}:
        linger_not = struct.pack("ii", 1, 0)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_not)
    transport.abort()
