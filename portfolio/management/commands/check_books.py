"""Run the money probes now."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portfolio.bookkeeping.probes import PROBES, failed_probes


class Command(BaseCommand):
    help = "Run the money probes; fails where one finds something."

    def handle(self, *args: Any, **options: Any) -> None:
        failed = failed_probes()
        for one in failed:
            self.stderr.write(f"{one.probe}: portfolio {one.portfolio_id}: {one.detail}")
        if failed:
            raise CommandError(f"{len(failed)} violations.")
        for view, claim in PROBES.items():
            self.stdout.write(f"ok  {view}: {claim}")
