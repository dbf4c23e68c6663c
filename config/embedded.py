"""A real PostgreSQL and a real Valkey out of wheels, under a data folder of ours.

Used by ``manage.py up``, by ``make manage`` for the duration of a command, and by the tests.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final, Protocol

from config.servers.child import Child
from config.servers.data_folder import (
    AlreadyRunning,
    Connection,
    DataFolder,
    EmbeddedServersError,
)
from config.servers.postgres import Postgres
from config.servers.valkey import Valkey

__all__ = [
    "AlreadyRunning",
    "Connection",
    "DataFolder",
    "EmbeddedServers",
    "EmbeddedServersError",
    "running_servers",
]

START_TIMEOUT_SECONDS: Final = 60
STOP_TIMEOUT_SECONDS: Final = 20
POLL_SECONDS: Final = 0.03
LOG_BYTES: Final = 10 * 1024 * 1024


class Server(Protocol):
    """What the two servers have in common."""

    name: str

    def prepare(self) -> Child:
        """Make what it needs on disk; return its process, not started."""

    def is_ready(self) -> bool:
        """Whether it answers now."""


class EmbeddedServers:
    """The two servers of one data folder, run by this process.

    ``is_durable=False`` turns off waiting for the disk, which only tests may want.
    """

    def __init__(self, data: Path, *, is_durable: bool = True) -> None:
        self.folder = DataFolder(data.absolute())
        self.postgres = Postgres(self.folder, is_durable=is_durable)
        self.valkey = Valkey(self.folder)
        self.children: dict[str, Child] = {}
        self._lock: IO[str] | None = None

    def start(
        self, *, address: str = "", before_start: Callable[[], None] = lambda: None
    ) -> Connection:
        """Start both, wait until they answer, write down where they are.

        ``before_start`` is called once the folder is ours and before anything runs in it.

        Raises:
            AlreadyRunning: another process runs the servers of this folder.
            EmbeddedServersError: one did not start; the message holds the end of its log.
        """
        self.folder.create()
        self._lock = self.folder.lock()
        try:
            before_start()
            self._start_all()
            self.postgres.make_database()
        except BaseException:
            self.stop()
            raise
        connection = self.folder.build_connection(pid=os.getpid(), address=address)
        self.folder.write_connection(connection)
        return connection

    def stop(self) -> None:
        """Stop both and give the folder back. Data stays. Harmless when nothing runs."""
        self.folder.remove_connection()
        for child in reversed(self.children.values()):
            child.ask_to_stop()
        for child in reversed(self.children.values()):
            child.stop(timeout_seconds=STOP_TIMEOUT_SECONDS)
        self.children = {}
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def servers(self) -> tuple[Server, Server]:
        return self.postgres, self.valkey

    def _start_all(self) -> None:
        for server in self.servers():
            child = server.prepare()
            self._shorten_log(child)
            if server is self.postgres:
                self.postgres.stop_orphan()
            self.children[server.name] = child
            child.start()
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        for server in self.servers():
            self._wait_until_ready(server, deadline=deadline)

    def _wait_until_ready(self, server: Server, *, deadline: float) -> None:
        child = self.children[server.name]
        while not server.is_ready():
            if not child.is_running or time.monotonic() > deadline:
                raise EmbeddedServersError(
                    f"{server.name} {child.describe_end()} instead of answering."
                    f" The end of {child.log_path}:\n{child.log_tail()}"
                )
            time.sleep(POLL_SECONDS)

    def _shorten_log(self, child: Child) -> None:
        """Start a new log when the old one has grown; keep one old one."""
        path = child.log_path
        with suppress(FileNotFoundError):
            if path is not None and path.stat().st_size > LOG_BYTES:
                path.replace(path.with_suffix(".old.log"))


@contextmanager
def running_servers(data: Path) -> Iterator[Connection]:
    """Use the servers of a data folder, starting them for the duration where they are not up."""
    folder = DataFolder(data.absolute())
    folder.create()
    servers = EmbeddedServers(data)
    try:
        connection = servers.start()
    except AlreadyRunning as error:
        if error.connection is None:
            raise
        with folder.used():
            yield error.connection
        return
    try:
        yield connection
    finally:
        folder.wait_for_users()
        servers.stop()
