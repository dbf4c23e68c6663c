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
from typing import Any, Final

logger = logging.getLogger(__name__)

# What the kernel holds for one client: some seconds of frames, not megabytes.
KERNEL_BUFFER_BYTES: Final = 64 * 1024
WRAPPERS: Final = 8


def transport_of(send: Any) -> asyncio.Transport | None:
    """The transport that ``send`` ends in, if it can be seen."""
    for _ in range(WRAPPERS):
        owner = getattr(send, "__self__", None)
        transport = getattr(owner, "transport", None)
        if isinstance(transport, asyncio.Transport):
            return transport
        send = getattr(owner, "real_send", None)  # Channels' session wrapper
        if send is None:
            return None
    return None


def bound_kernel_buffer(send: Any) -> None:
    """Let a client that stopped reading be noticed after kilobytes instead of megabytes."""
    transport = transport_of(send)
    connection = transport.get_extra_info("socket") if transport else None
    if connection is not None and connection.family in {socket.AF_INET, socket.AF_INET6}:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BUFFER_BYTES)


def abort_by(send: Any) -> Callable[[], None]:
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
