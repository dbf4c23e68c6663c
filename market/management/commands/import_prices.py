"""Take a file of daily prices into the database: ``manage.py import_prices FILE``."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, Self

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from market.errors import UnreadableFile
from market.intake import price_runs
from market.intake.price_files import import_file
from market.models import IngestionRun

REFUSALS_SHOWN: Final = 50


class Command(BaseCommand):
    help = (
        "Take in a file of daily prices (CSV, gzip or zip): symbol, date, open, high, low, close,"
        " volume, and where known adj_close and currency. The same file again writes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument(
            "--instruments",
            type=Path,
            metavar="FILE",
            help="CSV of symbol, name, exchange_mic, currency, … to create or update first",
        )

    def handle(self, *args: Any, file: Path, instruments: Path | None, **options: Any) -> None:
        for path in (file, instruments):
            if path is not None and not path.is_file():
                raise CommandError(f"There is no file {path}.")
        try:
            with ProgressBar(self) as bar:
                run = import_file(file, instruments=instruments, on_progress=bar.show)
        except UnreadableFile as error:
            raise CommandError(str(error)) from error
        self._say(run)

    def _say(self, run: IngestionRun) -> None:
        self.stdout.write(
            f"{run.rows_read:,} rows read, {run.rows_written:,} written,"
            f" {run.rows_unchanged:,} unchanged, {run.rows_refused:,} refused."
        )
        notes = {name.replace("_", " "): count for name, count in run.notes.items() if count}
        for name, count in notes.items():
            self.stdout.write(f"  {name}: {count:,}")
        refusals = run.refusals.order_by("line", "id")
        for refusal in refusals[:REFUSALS_SHOWN]:
            self.stdout.write(f"  line {refusal.line}: {refusal.code}: {refusal.message}")
        if (more := refusals.count() - REFUSALS_SHOWN) > 0:
            self.stdout.write(f"  and {more:,} more, kept under run {run.id}")


class ProgressBar:
    """A bar on the terminal; nothing where output is not one."""

    def __init__(self, command: BaseCommand) -> None:
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[rows]} rows"),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            disable=not getattr(command.stderr, "isatty", bool)(),
        )
        self._task = self._bar.add_task("reading", total=None, rows="0")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.stop()

    def show(self, progress: price_runs.Progress) -> None:
        is_read = progress.phase == "storing"
        self._bar.update(
            self._task,
            description="checking and storing" if is_read else "reading",
            # Reading is about half of the work; storing has no measure of its own.
            total=None if is_read else progress.bytes_total,
            completed=progress.bytes_read,
            rows=f"{progress.rows_read:,}",
        )
