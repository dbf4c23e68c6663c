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
from config.servers.data_folder import write_private

LEFTOVER_SECONDS: Final = 10
POLL_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True)
class ProcessRecords:
    """A file with the id and the start of each process by name, mode 600."""

    path: Path

    def write(self, children: Iterable[Child]) -> None:
        pids = {child.name: child.pid for child in children if child.pid is not None}
        rows = {name: {"pid": pid, "started": start_of(pid)} for name, pid in pids.items()}
        draft = self.path.with_suffix(".draft")
        write_private(draft, json.dumps(rows, indent=1))
        draft.rename(self.path)

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)

    def pids(self) -> dict[str, int]:
        """Return the process ids by name, empty when nothing runs."""
        return {name: int(row["pid"]) for name, row in self._rows().items()}

    def stop_leftovers(self) -> list[str]:
        """End processes of a desk that was killed itself; return their names.

        On Linux the kernel has ended them already. A process counts as ours only when it started
        at the recorded time, because process ids are used again.
        """
        leftovers = {
            name: int(row["pid"])
            for name, row in self._rows().items()
            if row["started"] and start_of(int(row["pid"])) == row["started"]
        }
        for number in (signal.SIGTERM, signal.SIGKILL):
            for pid in leftovers.values():
                with suppress(ProcessLookupError):
                    os.kill(pid, number)
            deadline = time.monotonic() + LEFTOVER_SECONDS
            while any(map(start_of, leftovers.values())) and time.monotonic() < deadline:
                time.sleep(POLL_SECONDS)
        self.remove()
        return list(leftovers)

    def _rows(self) -> dict[str, dict[str, str]]:
        with suppress(FileNotFoundError, ValueError):
            rows: dict[str, dict[str, str]] = json.loads(self.path.read_text())
            return rows
        return {}


def start_of(pid: int) -> str:
    """Return when a living process started, empty when there is none. Only good to compare."""
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        with suppress(FileNotFoundError, ProcessLookupError):
            # The name before the last parenthesis may hold anything.
            fields = stat.read_text().rpartition(")")[2].split()
            return "" if fields[0] == "Z" else fields[19]
        return ""
    finished = subprocess.run(
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)],  # noqa: S607 -- every Unix has it
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LC_ALL": "C"},
    )
    state, _, started = finished.stdout.strip().partition(" ")
    return "" if state.startswith("Z") else started.strip()
