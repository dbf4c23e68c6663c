"""Run the whole desk on this machine: ``manage.py up``."""

import os
import time
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.embedded import AlreadyRunning, DataFolder, EmbeddedServers, EmbeddedServersError
from config.supervision.addresses import Address
from config.supervision.output import Output
from config.supervision.programs import build_child, desk_programs
from config.supervision.records import ProcessRecords
from config.supervision.supervisor import Program, Supervisor

# The pages answer sooner than prices flow; past this we say so without waiting for the rest.
READY_TIMEOUT_SECONDS: Final = 20
MAXIMUM_PORT: Final = 65_535


class NotPrepared(EmbeddedServersError):
    """Migrations or the sample failed; the log above says why."""


class Command(BaseCommand):
    help = "Start databases, web, worker, scheduler, matcher and price feed; Ctrl-C stops them all."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=port_number, default=8000)
        parser.add_argument("--host", default="127.0.0.1", help="interface to listen on")
        parser.add_argument("--data", type=Path, default=None, help="data folder, by default var")

    def handle(self, *args: Any, **options: Any) -> None:
        data = (options["data"] or settings.HOLDFAST_DATA).absolute()
        # What the processes, and their settings, go by.
        os.environ["HOLDFAST_DATA"] = str(data)
        try:
            Desk(Address(options["host"], options["port"]), data=data).run()
        except EmbeddedServersError as error:
            raise CommandError(str(error)) from error


def port_number(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MAXIMUM_PORT:
        raise CommandError(f"port was {text}, must be from 1 to {MAXIMUM_PORT}")
    return int(text)


class Desk:
    """One run of everything."""

    def __init__(self, address: Address, *, data: Path) -> None:
        self.address = address
        self.data = data
        self.output = Output()
        self.servers = EmbeddedServers(data) if settings.IS_EMBEDDED else None
        self.supervisor = Supervisor([], output=self.output, records_path=data / "processes.json")

    def run(self) -> None:
        """Start everything, watch it until asked to stop, stop everything.

        Raises:
            EmbeddedServersError: it cannot start here, and why.
        """
        started_at = time.monotonic()
        self._refuse_second_start()
        self.supervisor.listen_for_signals()
        try:
            self._start_servers()
            if self._prepare():
                self.supervisor.add(desk_programs(self.address, data=self.data))
                self._announce_when_ready(started_at)
                self.supervisor.watch()
        finally:
            self.output.line("up", "stopping")
            self.supervisor.stop()
            if self.servers is not None:
                self.servers.stop()
            self.output.line("up", f"stopped; the data stays in {self.data}")

    def _refuse_second_start(self) -> None:
        running = DataFolder(self.data).running_connection()
        if running is not None:
            raise AlreadyRunning(self.data, running)
        self.address.ensure_free()

    def _start_servers(self) -> None:
        DataFolder(self.data).create()
        if self.servers is None:
            return
        self.output.line("up", f"starting PostgreSQL and Valkey in {self.data}")
        # A kill of the process that ran them leaves records; the lock says that nobody runs now.
        self.servers.start(address=self.address.url, before_start=self._stop_leftovers)
        # Not asked whether they answer: one that recovers from a crash is silent, and killing it
        # would make it begin again.
        self.supervisor.add([Program(child, stage=0) for child in self.servers.children.values()])

    def _stop_leftovers(self) -> None:
        records = ProcessRecords(self.data / "processes.json")
        for name in records.stop_leftovers():
            self.output.line("up", f"ended {name}, left behind by an earlier run")

    def _prepare(self) -> bool:
        """Migrate and load what the first start needs; False when asked to stop meanwhile."""
        child = build_child("prepare", data=self.data)
        child.start()
        reader = self.output.follow(child)
        self.supervisor.watch(until=lambda: not child.is_running)
        child.stop(timeout_seconds=5)
        reader.join(timeout=5)
        if self.supervisor.stop_asked.is_set():
            return False
        if child.exit_code != 0:
            raise NotPrepared(f"The start was not prepared: it {child.describe_end()}.")
        return True

    def _announce_when_ready(self, started_at: float) -> None:
        self.supervisor.watch(until=self.address.is_alive)
        deadline = time.monotonic() + READY_TIMEOUT_SECONDS
        self.supervisor.watch(until=lambda: self.address.is_ready() or time.monotonic() > deadline)
        if self.supervisor.stop_asked.is_set():
            return
        seconds = time.monotonic() - started_at
        lines = [f"Holdfast is up at {self.address.url} after {seconds:.1f} s."]
        login = self.data / "demo_login.txt"
        if login.exists():
            lines += ["", *login.read_text().strip().splitlines()]
        lines += ["", f"Data: {self.data}    Stop: Ctrl-C"]
        rule = "-" * max(map(len, lines))
        self.output.block("\n".join(["", rule, *lines, rule, ""]))
