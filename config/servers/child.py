"""One child process: how it starts, how one sees that it lives, how it stops."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

LAUNCHER: Final = Path(__file__).with_name("launcher.py")
POLL_SECONDS: Final = 0.02


@dataclass(slots=True, kw_only=True)
class Child:
    """A program of ours, started in a session of its own so that Ctrl-C reaches only its parent.

    It ends with the process that started it. Start it from a thread which lives as long as the
    process: Linux counts the end of the starting *thread* as the end of the parent.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)  # added to ours
    stop_signal: signal.Signals = signal.SIGTERM
    user_id: int | None = None
    capabilities: tuple[int, ...] = ()
    log_path: Path | None = None  # else output is piped to the parent
    folder: Path | None = None
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        environment = {**os.environ, **self.environment}
        with self._open_log() as log:
            self.process = subprocess.Popen(
                self.full_command(),
                env=environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log or subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def full_command(self) -> list[str]:
        """Return the command with the launcher in front of it."""
        return [
            *(sys.executable, "-I", "-S", str(LAUNCHER)),
            str(os.getpid()),
            str(int(self.stop_signal)),
            str(-1 if self.user_id is None else self.user_id),
            ",".join(str(number) for number in self.capabilities) or "-",
            "--",
            *self.command,
        ]

    @property
    def pid(self) -> int | None:
        return self.process.pid if self.process and self.process.poll() is None else None

    @property
    def exit_code(self) -> int | None:
        """The code it ended with, negative for a signal; None while it runs or before."""
        return self.process.poll() if self.process else None

    @property
    def is_running(self) -> bool:
        return self.pid is not None

    def ask_to_stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(self.stop_signal)

    def stop(self, *, timeout_seconds: float) -> bool:
        """Ask, wait, then kill what is left of its session. Return whether asking was enough."""
        self.ask_to_stop()
        stopped = self.wait(timeout_seconds=timeout_seconds)
        self.kill_rest()
        return stopped

    def wait(self, *, timeout_seconds: float) -> bool:
        """Wait for its end; return whether it came."""
        deadline = time.monotonic() + timeout_seconds
        while self.is_running and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        return not self.is_running

    def kill_rest(self) -> None:
        """Kill the process and whatever it left behind in its session."""
        if self.process is None:
            return
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def describe_end(self) -> str:
        code = self.exit_code
        if code is None:
            return "is running"
        if code < 0:
            return f"was ended by {signal.Signals(-code).name}"
        return f"ended with code {code}"

    def log_tail(self, *, lines: int = 15) -> str:
        """Return the newest lines of the log file, empty where there is none."""
        if self.log_path is None or not self.log_path.exists():
            return ""
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-lines:])

    def _open_log(self) -> "IO[bytes] | nullcontext[None]":
        if self.log_path is None:
            return nullcontext()
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        return self.log_path.open("ab")
