"""Derive the daily valuations from the books and the prices: compare them, or replace them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.management.base import CommandError

from portfolio.management.rebuild_command import RebuildCommand
from portfolio.tasks import yesterday
from portfolio.valuation import refresh_valuations
from portfolio.valuations.checking import check_valuations


class Command(RebuildCommand):
    help = "Rebuild the daily valuations; with --check, only compare and print checksums."

    def handle(self, *args: Any, check: bool, portfolio: UUID | None, **options: Any) -> None:
        ids = self.chosen_ids(portfolio)
        if not check:
            days = sum(refresh_valuations(one, yesterday(), is_full=True) for one in ids)
            self.stdout.write(f"{days} days of {len(ids)} portfolios valued anew.")
            return
        wrong = 0
        for one in ids:
            found = check_valuations(one)
            wrong += len(found.wrong)
            for day in found.wrong:
                self.stderr.write(f"{one}: {day} is stored otherwise than it is derived")
            self.stdout.write(f"{one}: {found.days} days, {found.checksum}")
        if wrong:
            raise CommandError(f"{wrong} days are wrong.")
        self.stdout.write(f"Valuations of {len(ids)} portfolios agree with the books.")
