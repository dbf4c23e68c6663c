"""Play a recorded order flow and print the best levels after each message."""

from __future__ import annotations

import csv
from argparse import ArgumentParser
from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError

from trading.exchange import lobster

LEVELS_MAXIMUM: Final = 200


class Command(BaseCommand):
    help = "Replay a LOBSTER message file; prints lines as its orderbook file has them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--levels", type=int, default=10, help="of each side, 1 to 200")

    def handle(self, *_: Any, file: Path, levels: int, **__: Any) -> None:
        if not 1 <= levels <= LEVELS_MAXIMUM:
            raise CommandError(f"--levels was {levels}, must be 1 to {LEVELS_MAXIMUM}.")
        try:
            with file.open(encoding="ascii") as lines:
                rows = csv.writer(self.stdout, lineterminator="\n")
                for top in lobster.replay(lines, depth=levels):
                    rows.writerow(top.row(levels))
        except (OSError, UnicodeDecodeError, lobster.BadMessage) as error:
            raise CommandError(str(error)) from error
