"""Begin an adapter for another broker."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from integrations.brokers.cutting import HERE, CannotCut, cut


class Command(BaseCommand):
    help = "Write the folder of an adapter for another broker, which claims nothing yet."
    requires_system_checks = ()  # they would load every page

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="of the folder, as in acme_invest")
        parser.add_argument("title", help="as people know it, as in 'Acme Invest'")
        parser.add_argument("--into", type=Path, default=HERE, help="where the folders are")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            made = cut(name=options["name"], title=options["title"], into=options["into"])
        except CannotCut as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{made} is there. docs/brokers.md says how to go on.")
