"""The socket process of the fan-out case: ours, or the limit it is measured beside.

``python -m bench.fanout_server ours`` serves the desk's own ASGI application under uvicorn as in
production. ``… bare`` puts the same hub on the ``websockets`` library alone: no ASGI, no Django
on the way of a frame, no sign-in. Both print the port they listen on.
"""

# ruff: noqa: PLC0415 -- Django must be set up before what needs it is imported

from __future__ import annotations

import asyncio
import socket
import sys
from dataclasses import replace
from typing import Any, Final

SOCKETS: Final = 20_000


def main() -> None:
    import django

    django.setup()
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", 0))
    listener.listen(4096)
    print(listener.getsockname()[1], flush=True)
    allow_the_crowd()
    if sys.argv[1] == "ours":
        serve_ours(listener)
    else:
        asyncio.run(serve_bare(listener))


def allow_the_crowd() -> None:
    """One key opens every socket here, so the limits per user and process do not apply."""
    from django.conf import settings

    settings.LIMITS = replace(
        settings.LIMITS, sockets_per_user=SOCKETS, sockets_per_process=SOCKETS
    )


def serve_ours(listener: socket.socket) -> None:
    import uvicorn

    from config.asgi import application
    from config.run import SOCKET_PING_SECONDS

    config = uvicorn.Config(
        application,
        loop="asyncio",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        ws_ping_interval=SOCKET_PING_SECONDS,
        lifespan="off",
        proxy_headers=False,
        access_log=False,
        log_level="warning",
    )
    uvicorn.Server(config).run(sockets=[listener])


async def serve_bare(listener: socket.socket) -> None:
    from websockets.asyncio.server import ServerConnection, serve
    from websockets.exceptions import ConnectionClosed

    from accounts.models import User
    from accounts.socket_access import SocketHolder
    from market.live.hub_runner import hub_runner
    from market.live.server_transport import ServerLine
    from market.live.socket_messages import read_request

    runner = hub_runner()
    await runner.begin()
    # The hub closes sockets of unknown users, so all here belong to the one there is.
    owner_id = await User.objects.values_list("id", flat=True).aget()

    async def converse(connection: ServerConnection) -> None:
        async def send(message: dict[str, Any]) -> None:
            await connection.send(message["text"])

        line = ServerLine(connection.transport)
        member = runner.make_socket(holder=SocketHolder(owner_id), line=line)
        runner.hub.join(member)
        writer = asyncio.create_task(member.write(send))
        try:
            async for text in connection:
                request = read_request(str(text))
                found = runner.directory.resolve(request.subscribe).found
                runner.hub.watch(member, found.values())
        except ConnectionClosed:
            pass
        finally:
            runner.hub.leave(member)
            writer.cancel()

    async with serve(converse, sock=listener, compression=None, ping_interval=20):
        await asyncio.Event().wait()


if __name__ == "__main__":
    main()
