"""Sockets that subscribe, acknowledge once as the pages do, and then read nothing.

Opens them and says ``ready``; a line on standard input starts the clock. Ends with one JSON object
when the server has closed all of them, or after a minute.
"""

from __future__ import annotations

import json
import select
import socket
import struct
import sys
import time
from typing import Final

from bench.fanout_clients import crowd_parser, open_client, watched_symbols

PATIENCE_SECONDS: Final = 60.0
RECEIVE_BUFFER_BYTES: Final = 16 * 1024


def main() -> None:
    options = crowd_parser().parse_args()
    connections = []
    for symbols in watched_symbols(options):
        client = open_client(options.port, options.key, symbols, is_sampled=False)
        client.connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        acknowledge(client.connection)
        connections.append(client.connection)
    print("ready", flush=True)
    sys.stdin.readline()
    print(json.dumps(await_closes(connections)), flush=True)


def acknowledge(connection: socket.socket) -> None:
    """Acknowledge the first frame, so that the server may expect more of it."""
    body = json.dumps({"ack": 1}).encode()
    connection.sendall(struct.pack("!BBI", 0x81, 0x80 | len(body), 0) + body)


def await_closes(connections: list[socket.socket]) -> dict[str, float]:
    """Count those that the server ends; nothing is read meanwhile."""
    began = time.monotonic()
    poll = select.poll()
    for connection in connections:
        poll.register(connection, select.POLLRDHUP)
    closed: list[float] = []
    while len(closed) < len(connections):
        left = PATIENCE_SECONDS - (time.monotonic() - began)
        if left <= 0:
            break
        for descriptor, _ in poll.poll(left * 1000):
            poll.unregister(descriptor)
            closed.append(time.monotonic() - began)
    return {"closed": len(closed), "longest_seconds": max(closed, default=PATIENCE_SECONDS)}


if __name__ == "__main__":
    main()
