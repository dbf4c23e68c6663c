"""A real server process's sockets, within the test's own process."""

from __future__ import annotations

import socket as sockets
import threading
from typing import Any

import uvicorn
from channels.db import database_sync_to_async
from django.db import connections

from market.live.hub_runner import stop_hub
from tests.support.desk import wait_until

SECONDS = 10


class SocketServer:
    """uvicorn in a thread, as it runs in production."""

    def __init__(self, application: Any) -> None:
        self._socket = sockets.socket()
        self._socket.bind(("127.0.0.1", 0))
        self.host_and_port: tuple[str, int] = self._socket.getsockname()
        config = uvicorn.Config(
            self._stopping(application),
            loop="asyncio",
            ws="websockets-sansio",
            ws_per_message_deflate=False,
            log_config=None,
            lifespan="on",
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._serve)

    def url(self, path: str) -> str:
        return f"ws://127.0.0.1:{self.host_and_port[1]}{path}"

    def _stopping(self, inner: Any) -> Any:
        async def application(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] != "lifespan":
                await inner(scope, receive, send)
                return
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await stop_hub()
            await database_sync_to_async(connections.close_all)()
            await send({"type": "lifespan.shutdown.complete"})

        return application

    def _serve(self) -> None:
        self._server.run(sockets=[self._socket])

    def start(self) -> None:
        self._thread.start()
        wait_until(lambda: self._server.started, seconds=SECONDS, what="uvicorn runs")

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(SECONDS)
        assert not self._thread.is_alive()
