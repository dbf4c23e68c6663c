"""Take in dividends and splits: ``manage.py import_corporate_actions FILE``."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from market.corporate_actions.action_imports import import_actions
from market.errors import UnreadableFile

REFUSALS_SHOWN: Final = 50


class Command(BaseCommand):
    help = (
        "Take in a CSV of dividends and splits: symbol, ex_date, and amount_per_share, currency,"
        " pay_date or ratio_from, ratio_to. The same file again writes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        if not file.is_file():
            raise CommandError(f"There is no file {file}.")
        try:
            run = import_actions(
                file.read_bytes(), name=file.name, source="file", imported_at=timezone.now()
            )
        except UnreadableFile as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{run.rows_read:,} rows read, {run.rows_written:,} written,"
            f" {run.rows_unchanged:,} unchanged, {run.rows_refused:,} refused."
        )
        for refusal in run.refusals.order_by("line", "id")[:REFUSALS_SHOWN]:
            self.stdout.write(f"  line {refusal.line}: {refusal.code}: {refusal.message}")
        if (more := run.rows_refused - REFUSALS_SHOWN) > 0:
            self.stdout.write(f"  and {more:,} more, kept under run {run.id}")
