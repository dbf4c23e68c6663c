"""What the commands that derive stored figures anew have in common."""

from __future__ import annotations

from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portfolio.models import Portfolio


class RebuildCommand(BaseCommand):
    """Takes ``--check`` and ``--portfolio``."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="compare and change nothing")
        parser.add_argument("--portfolio", type=UUID, help="only this portfolio")

    def chosen_ids(self, portfolio: UUID | None) -> list[UUID]:
        """The portfolio, or all of them.

        Raises:
            CommandError: there is no such portfolio.
        """
        ids = Portfolio.objects.order_by("id").values_list("id", flat=True)
        found = list(ids if portfolio is None else ids.filter(id=portfolio))
        if portfolio is not None and not found:
            raise CommandError(f"There is no portfolio {portfolio}.")
        return found
