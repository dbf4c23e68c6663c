"""Derive lots, closures and positions from the entries: compare them, or replace them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.management.base import CommandError

from portfolio.bookkeeping.rebuilding import find_differences, rebuild_portfolio
from portfolio.errors import InsufficientUnits
from portfolio.management.rebuild_command import RebuildCommand


class Command(RebuildCommand):
    help = "Rebuild lots and positions from the ledger; with --check, only compare."

    def handle(self, *args: Any, check: bool, portfolio: UUID | None, **options: Any) -> None:
        ids = self.chosen_ids(portfolio)
        failures = [
            problem
            for portfolio_id in ids
            for problem in (self.compare(portfolio_id) if check else self.rebuild(portfolio_id))
        ]
        for problem in failures:
            self.stderr.write(problem)
        if failures:
            raise CommandError(f"{len(failures)} differences or failures in {len(ids)} portfolios.")
        outcome = "agree with the ledger" if check else "rebuilt"
        self.stdout.write(f"Lots and positions of {len(ids)} portfolios {outcome}.")

    def compare(self, portfolio_id: UUID) -> list[str]:
        return [
            f"{portfolio_id}: {'stored, not derived' if one.is_stored else 'derived, not stored'}:"
            f" {one.table} {', '.join(map(str, one.row))}"
            for one in find_differences(portfolio_id)
        ]

    def rebuild(self, portfolio_id: UUID) -> list[str]:
        try:
            rebuild_portfolio(portfolio_id)
        except InsufficientUnits as error:
            return [f"{portfolio_id}: {error}"]
        return []
