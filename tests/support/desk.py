"""A whole desk as a user runs it: ``manage.py up`` in a process of its own, on a free port."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from config.servers.child import Child
from config.servers.data_folder import Connection, DataFolder
from config.supervision.records import ProcessRecords
from integrations.brokers.adapters import catalogue

ROOT: Final = Path(__file__).resolve().parent.parent.parent
START_SECONDS: Final = 240  # far beyond what it takes, for machines that do much else
STOP_SECONDS: Final = 40
POLL_SECONDS: Final = 0.05
# What the tests set for themselves must not reach a desk with servers of its own.
HIDDEN: Final = (
    *("DATABASE_URL", "REDIS_URL", "ADMIN_DATABASE_URL", "HOLDFAST_DATA", "SECRET_KEY", "HTTPS"),
    *("DJANGO_SETTINGS_MODULE", "HOLDFAST_TEST_FOLDER", "PYTEST_XDIST_WORKER"),
    "VAULT_KEYS",
)


class NotInTime(AssertionError):
    """Something expected did not happen before its deadline."""


def free_port() -> int:
    """Return a port of the loopback interface nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(condition: Callable[[], bool], *, seconds: float, what: str) -> None:
    """Poll until the condition holds.

    Raises:
        NotInTime: it did not, within ``seconds``.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise NotInTime(f"Not within {seconds:g} s: {what}")
        time.sleep(POLL_SECONDS)


def is_alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def clean_environment(data: Path) -> dict[str, str]:
    """Return our environment as a user's shell would have it."""
    kept = {name: value for name, value in os.environ.items() if name not in HIDDEN}
    return kept | {"HOLDFAST_DATA": str(data)}


@dataclass
class LiveDesk:
    """Start it, use it, hurt it, stop it. Everything it runs ends with the test process."""

    data: Path
    port: int = field(default_factory=free_port)
    environment: dict[str, str] = field(default_factory=dict)
    before_first_start: Callable[[Path], None] | None = None  # may fill the data folder
    child: Child | None = None
    # Where every broker is looked for; nobody is there unless a test is.
    broker_port: int = field(default_factory=free_port)

    @property
    def broker_urls(self) -> str:
        here = f"http://127.0.0.1:{self.broker_port}"
        names = [one for name in catalogue() for one in (name, f"{name}-sandbox")]
        return ",".join(f"{name}={here}" for name in names)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    @property
    def log_path(self) -> Path:
        return self.data.with_name(f"{self.data.name}.log")

    @property
    def log(self) -> str:
        return self.log_path.read_text() if self.log_path.exists() else ""

    @property
    def is_running(self) -> bool:
        return self.child is not None and self.child.is_running

    @property
    def pids(self) -> dict[str, int]:
        """Process ids by name, of both servers and of each process of the desk."""
        return ProcessRecords(self.data / "processes.json").pids()

    @property
    def connection(self) -> Connection:
        return DataFolder(self.data).connection()

    def start(self, *, until_ready: bool = True) -> None:
        """Start it; returns when it is ready for use."""
        if self.before_first_start is not None and not self.data.exists():
            self.before_first_start(self.data)
        brokers = {"BROKER_URLS": self.broker_urls}
        environment = clean_environment(self.data) | brokers | self.environment
        hidden = {name: "" for name in HIDDEN if name not in environment}
        self.child = Child(
            name="up",
            command=[sys.executable, str(ROOT / "manage.py"), "up", "--port", str(self.port)],
            environment=environment | hidden | {"DJANGO_SETTINGS_MODULE": "config.settings"},
            log_path=self.log_path,
            folder=ROOT,
        )
        self.child.start()
        if until_ready:
            self.wait_until_ready()

    def stop(self) -> None:
        """Stop it as Ctrl-C does."""
        if self.child is not None and self.child.process is not None:
            if self.child.is_running:
                self.child.process.send_signal(signal.SIGINT)
            self.child.stop(timeout_seconds=STOP_SECONDS)

    def kill(self, name: str) -> int:
        """``kill -9`` one process by name, ``up`` for the one that watches the others."""
        pid = self.pids[name] if name != "up" else (self.child.pid if self.child else None)
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        if name == "up" and self.child is not None:
            self.child.wait(timeout_seconds=10)
        return pid

    def wait_until_restarted(self, name: str, *, old_pid: int, seconds: float = 60) -> None:
        wait_until(
            lambda: self.pids.get(name, old_pid) != old_pid,
            seconds=seconds,
            what=f"{name} restarted\n{self.log[-3000:]}",
        )

    def wait_until_ready(self, *, seconds: float = START_SECONDS) -> None:
        def is_up() -> bool:
            assert self.child is not None
            assert self.child.is_running, self.log[-6000:]
            return self.status("/api/v1/health/ready") == 200

        wait_until(is_up, seconds=seconds, what="the desk is ready")

    def status(self, path: str) -> int | None:
        """Return the status of a GET, None while nobody answers."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=10) as response:  # noqa: S310
                return int(response.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return None

    def manage(self, *words: str, timeout_seconds: float = 120) -> subprocess.CompletedProcess[str]:
        """Run a management command against its servers; raises when it fails."""
        finished = subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), *words],
            env=clean_environment(self.data) | {"DJANGO_SETTINGS_MODULE": "config.settings"},
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=timeout_seconds,
            check=False,
        )
        assert finished.returncode == 0, f"{words}: {finished.stdout}\n{finished.stderr}"
        return finished
