"""What one instance keeps on disk: its lock, its secrets, its sockets, its connection data.

var/lock              held by the process that runs the servers, freed by the kernel
var/users             shared by processes that use the servers without running them
var/connection.json   addresses of the running servers, mode 600
var/secrets/          generated once, mode 600
var/postgres/         the database cluster
var/valkey/           Valkey's snapshot
var/run/              Unix sockets
var/logs/             what the servers say
var/mail/             messages of a desk without a mail server, mode 600
"""

import fcntl
import hashlib
import json
import os
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Final
from urllib.parse import quote

# A socket's address holds 107 bytes on Linux and 103 on macOS, ended by a zero byte.
SOCKET_PATH_BYTES: Final = 103
LONGEST_SOCKET_NAME: Final = ".s.PGSQL.5432"


class EmbeddedServersError(Exception):
    """The embedded servers cannot do what was asked; the message is for the person who asked."""


class AlreadyRunning(EmbeddedServersError):
    """Another process runs the servers of this data folder."""

    def __init__(self, data: Path, connection: "Connection | None") -> None:
        self.connection = connection
        if connection is None:
            text = f"Another process is starting or stopping the servers of {data}. Try again soon."
        elif connection.address:
            text = (
                f"Holdfast already runs on {data}: {connection.address} (process {connection.pid})."
                " Stop it first, or start a second one with another PORT and DATA."
            )
        else:
            text = (
                f"Process {connection.pid} runs the servers of {data} for the duration of a"
                " command. Try again when it has ended."
            )
        super().__init__(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """Where the running servers of a data folder are."""

    database_url: str  # the application's role, not a superuser
    admin_database_url: str  # the superuser, for maintenance only
    redis_url: str
    pid: int = 0  # of the process that runs the servers, 0 when none does
    address: str = ""  # of the web pages, empty when only the servers run


@dataclass(frozen=True, slots=True)
class DataFolder:
    """The paths below one data folder. Nothing is created before create() is called."""

    path: Path

    def create(self) -> None:
        """Make the folders, closed to other users.

        Raises:
            EmbeddedServersError: the folder cannot be written.
        """
        try:
            for folder in (self.path, self.secrets_path, self.logs_path):
                folder.mkdir(parents=True, exist_ok=True)
            self.secrets_path.chmod(0o700)
            (self.path / ".probe").write_bytes(b"")
            (self.path / ".probe").unlink()
        except OSError as error:
            raise EmbeddedServersError(
                f"The data folder {self.path} cannot be written: {error.strerror}."
            ) from error

    @property
    def secrets_path(self) -> Path:
        return self.path / "secrets"

    @property
    def logs_path(self) -> Path:
        return self.path / "logs"

    @property
    def postgres_path(self) -> Path:
        return self.path / "postgres"

    @property
    def valkey_path(self) -> Path:
        return self.path / "valkey"

    @property
    def sockets_path(self) -> Path:
        """Folder of the sockets: inside the data folder, or in /tmp where that name is too long."""
        inside = self.path / "run"
        if len(os.fsencode(inside / LONGEST_SOCKET_NAME)) < SOCKET_PATH_BYTES:
            return inside
        digest = hashlib.sha256(os.fsencode(self.path)).hexdigest()[:16]
        return Path("/tmp") / f"holdfast-{digest}"  # noqa: S108 -- checked for its owner on start  # nosec B108

    @property
    def valkey_socket(self) -> Path:
        return self.sockets_path / "valkey.sock"

    def secret(self, name: str) -> str:
        """Return a secret of this instance, made at random the first time."""
        path = self.secrets_path / name
        if not path.exists():
            self._write_new_secret(path, secrets.token_urlsafe(48))
        return path.read_text().strip()

    def find_secret(self, name: str) -> str:
        """Return a secret, or an empty text while it does not exist."""
        path = self.secrets_path / name
        return path.read_text().strip() if path.exists() else ""

    def connection(self) -> Connection:
        """Return the addresses of the servers, running or not."""
        running = self.running_connection()
        if running is not None:
            return running
        return self.build_connection(pid=0, address="")

    def build_connection(self, *, pid: int, address: str) -> Connection:
        return Connection(
            database_url=self._postgres_url(user="holdfast", database="holdfast"),
            admin_database_url=self._postgres_url(user="postgres", database="holdfast"),
            redis_url=f"unix://{quote(str(self.valkey_socket))}?db=0",
            pid=pid,
            address=address,
        )

    def running_connection(self) -> Connection | None:
        """Return what the process that runs the servers wrote down; None when none does."""
        if not self.is_locked():
            return None
        try:
            return Connection(**json.loads((self.path / "connection.json").read_text()))
        except (FileNotFoundError, ValueError):
            return None

    def write_connection(self, connection: Connection) -> None:
        path = self.path / "connection.json"
        draft = path.with_suffix(".draft")
        write_private(draft, json.dumps(asdict(connection)))
        draft.rename(path)

    def remove_connection(self) -> None:
        (self.path / "connection.json").unlink(missing_ok=True)

    def lock(self) -> IO[str]:
        """Take the folder for this process; closing the returned file gives it back.

        Raises:
            AlreadyRunning: another process has it.
        """
        file = (self.path / "lock").open("a")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            raise AlreadyRunning(self.path, self.running_connection()) from None
        return file

    def is_locked(self) -> bool:
        """Whether a process runs the servers of this folder now."""
        try:
            with (self.path / "lock").open("r") as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False

    @contextmanager
    def used(self) -> Iterator[None]:
        """Keep a process that runs the servers for a command from stopping them meanwhile."""
        with (self.path / "users").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            yield

    def wait_for_users(self) -> None:
        """Return when no process is inside used()."""
        with (self.path / "users").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)

    def _postgres_url(self, *, user: str, database: str) -> str:
        password = self.find_secret(f"postgres_{user}")
        host = quote(str(self.sockets_path), safe="")
        return f"postgresql://{user}:{password}@/{database}?host={host}"

    def _write_new_secret(self, path: Path, value: str) -> None:
        """Write it whole or not at all; of two processes that race, one wins."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.parent.chmod(0o700)
        # Threads of one process race too, so its id alone is no name of their own.
        draft = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
        write_private(draft, value)
        with suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, from its first byte on."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
