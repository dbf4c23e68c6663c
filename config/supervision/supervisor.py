"""Keep processes running: start, watch, restart with back-off, stop in order."""

import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Final

from config.servers.child import Child
from config.supervision.backoff import Backoff
from config.supervision.output import Output
from config.supervision.records import ProcessRecords

LOOK_SECONDS: Final = 0.1
STOP_TIMEOUT_SECONDS: Final = 10


@dataclass(slots=True)
class Program:
    """One process that ought to run, and what happened to it so far."""

    child: Child
    # Asked now and then; False several times in a row means it hangs and must be killed.
    answers: Callable[[], bool] | None = None
    # Higher ones stop first: nobody's database goes before he does.
    stage: int = 1
    failures: int = 0
    silences: int = 0
    has_answered: bool = False  # since its start
    started_at: float = 0.0  # monotonic seconds
    restart_at: float | None = None
    checked_at: float = 0.0


class Supervisor:
    """Watches programs from one thread, the main one, because children end with their thread.

    Programs are started in the given order.
    """

    check_seconds: float = 5.0
    silences_allowed: int = 6
    # A busy machine may take this long to start something, which is no reason to start over.
    start_patience_seconds: float = 180.0

    def __init__(
        self,
        programs: Sequence[Program],
        *,
        output: Output,
        records_path: Path,
        backoff: Backoff | None = None,
    ) -> None:
        self.programs = list(programs)
        self.output = output
        self.records = ProcessRecords(records_path)
        self.backoff = backoff or Backoff()
        self.stop_asked = threading.Event()

    def add(self, programs: Sequence[Program]) -> None:
        """Take more programs under watch and start those that do not run yet."""
        for program in programs:
            self.programs.append(program)
            if not program.child.is_running:
                self._start(program)
            program.started_at = time.monotonic()
        self._record()

    def listen_for_signals(self) -> None:
        """Let Ctrl-C and SIGTERM end watch()."""

        def ask(number: int, frame: FrameType | None) -> None:
            self.stop_asked.set()

        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, ask)

    def watch(self, *, until: Callable[[], bool] = lambda: False) -> None:
        """Restart what dies until asked to stop, or until the condition holds."""
        while not self.stop_asked.is_set() and not until():
            for program in self.programs:
                self._look_after(program)
            self.stop_asked.wait(LOOK_SECONDS)

    def stop(self) -> None:
        """Stop every program, stage by stage: ask, wait, kill what stays."""
        for stage in sorted({program.stage for program in self.programs}, reverse=True):
            children = [program.child for program in self.programs if program.stage == stage]
            for child in reversed(children):
                child.ask_to_stop()
            for child in reversed(children):
                if not child.stop(timeout_seconds=STOP_TIMEOUT_SECONDS):
                    self.output.line(child.name, "did not stop when asked and was killed")
        self.programs = []
        self.records.remove()

    def _look_after(self, program: Program) -> None:
        now = time.monotonic()
        if program.restart_at is not None:
            if now >= program.restart_at:
                self._start(program)
                self._record()
        elif not program.child.is_running:
            self._plan_restart(program, now=now)
        elif program.answers is not None and now - program.checked_at >= self.check_seconds:
            self._check(program, program.answers)

    def _plan_restart(self, program: Program, *, now: float) -> None:
        program.failures = self.backoff.failures_after(
            program.failures, ran_seconds=now - program.started_at
        )
        delay_seconds = self.backoff.delay_seconds(program.failures)
        program.restart_at = now + delay_seconds
        name, end = program.child.name, program.child.describe_end()
        self.output.line(name, f"{end}; starting it again in {delay_seconds:g} s")
        if tail := program.child.log_tail(lines=5):
            self.output.line(name, f"its log ends with:\n{tail}")

    def _check(self, program: Program, answers: Callable[[], bool]) -> None:
        is_answering = answers()
        program.checked_at = now = time.monotonic()
        program.has_answered |= is_answering
        is_starting = now - program.started_at < self.start_patience_seconds
        if is_answering or (is_starting and not program.has_answered):
            program.silences = 0
            return
        program.silences += 1
        if program.silences >= self.silences_allowed:
            self.output.line(program.child.name, "runs but does not answer; killing it")
            program.child.kill_rest()

    def _start(self, program: Program) -> None:
        # What it left behind would hold its port or its lock.
        program.child.kill_rest()
        program.child.start()
        program.started_at = program.checked_at = time.monotonic()
        program.restart_at = None
        program.silences, program.has_answered = 0, False
        self.output.follow(program.child)

    def _record(self) -> None:
        self.records.write([program.child for program in self.programs])
