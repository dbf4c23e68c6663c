"""Which processes a desk runs, on disk: for people, for tests, and to find what was left behind."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from config.servers.child import Child

LEFTOVER_SECONDS: Final = 10
POLL_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True)
class ProcessRecords:
    """A file with name, process id and command of each process, mode 600."""

    path: Path

    def write(self, children: Iterable[Child]) -> None:
        rows = {
            child.name: {"pid": child.pid, "command": " ".join(child.command)}
            for child in children
            if child.pid is not None
        }
        draft = self.path.with_suffix(".draft")
        draft.write_text(json.dumps(rows, indent=1))
        draft.chmod(0o600)
        draft.rename(self.path)

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)

    def pids(self) -> dict[str, int]:
        """Return the process ids by name, empty when nothing runs."""
        return {name: int(row["pid"]) for name, row in self._rows().items()}

    def stop_leftovers(self) -> list[str]:
        """End processes of a desk that was killed itself; return their names.

        On Linux the kernel has ended them already. A process counts as ours only when it still
        runs the recorded command, because process ids are used again.
        """
        leftovers = {
            name: int(row["pid"])
            for name, row in self._rows().items()
            if command_of(int(row["pid"])) == row["command"]
        }
        for number in (signal.SIGTERM, signal.SIGKILL):
            for pid in leftovers.values():
                with suppress(ProcessLookupError):
                    os.kill(pid, number)
            deadline = time.monotonic() + LEFTOVER_SECONDS
            while any(map(command_of, leftovers.values())) and time.monotonic() < deadline:
                time.sleep(POLL_SECONDS)
        self.remove()
        return list(leftovers)

    def _rows(self) -> dict[str, dict[str, str]]:
        with suppress(FileNotFoundError, ValueError):
            rows: dict[str, dict[str, str]] = json.loads(self.path.read_text())
            return rows
        return {}


def command_of(pid: int) -> str:
    """Return the command line of a living process, empty when there is none."""
    finished = subprocess.run(
        ["ps", "-ww", "-o", "stat=,command=", "-p", str(pid)],  # noqa: S607 -- every Unix has it
        capture_output=True,
        text=True,
        check=False,
    )
    state, _, command = finished.stdout.strip().partition(" ")
    return "" if state.startswith("Z") else command.strip()
