"""One readable log out of many processes: each line carries the name of its process."""

import sys
import threading
from contextlib import suppress
from typing import IO, Final

from config.servers.child import Child

COLORS: Final = (36, 33, 32, 35, 34, 96, 93)  # ANSI: cyan, yellow, green, magenta, blue, …
NAME_WIDTH: Final = 9
LINE_BYTES: Final = 64 * 1024


class Output:
    """Writes whole lines from several threads; colored on a terminal."""

    def __init__(self, stream: IO[str] | None = None) -> None:
        self._stream = sys.stdout if stream is None else stream
        self._is_terminal = self._stream.isatty()
        self._mutex = threading.Lock()
        self._names: dict[str, int] = {}

    def line(self, name: str, text: str) -> None:
        """Write one line under a process's name."""
        label = f"{name:<{NAME_WIDTH}}"
        if self._is_terminal:
            color = COLORS[self._names.setdefault(name, len(self._names)) % len(COLORS)]
            label = f"\x1b[{color}m{label}\x1b[0m"
        self.block(f"{label} | {text}")

    def block(self, text: str) -> None:
        """Write lines as they are."""
        # Nobody reads any more; the processes go on, and PostgreSQL keeps the truth.
        with self._mutex, suppress(BrokenPipeError, ValueError):
            self._stream.write(f"{text}\n")
            self._stream.flush()

    def follow(self, child: Child) -> threading.Thread:
        """Copy everything a process says until it closes its output."""
        source = child.process.stdout if child.process else None
        thread = threading.Thread(
            target=self._copy, args=(child.name, source), name=f"log of {child.name}", daemon=True
        )
        thread.start()
        return thread

    def _copy(self, name: str, source: IO[bytes] | None) -> None:
        if source is None:  # it writes into a file of its own
            return
        with source:
            while line := source.readline(LINE_BYTES):
                self.line(name, line.decode(errors="replace").rstrip())
