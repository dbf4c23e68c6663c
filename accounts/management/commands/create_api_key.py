"""``manage.py create_api_key EMAIL --scopes read,trade``: make a key and print it once."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.api_keys import KeyRefused, issue_key
from accounts.exact_json import read_moment
from accounts.models import User


class Command(BaseCommand):
    help = "Make an API key for a user. The key stands alone on the last line; keep it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument(
            "--scopes", default="read", help="read, trade and admin, separated by commas"
        )
        parser.add_argument("--name", default="made on the command line")
        parser.add_argument(
            "--portfolio",
            action="append",
            default=[],
            metavar="ID",
            help="the only portfolio the key may use; may be repeated",
        )
        parser.add_argument(
            "--network",
            action="append",
            default=[],
            metavar="ADDRESS",
            help="the only address or network it may be used from; may be repeated",
        )
        parser.add_argument("--expires-at", help="such as 2030-01-31T00:00:00Z")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(email__iexact=options["email"]).first()
        if user is None:
            raise CommandError(f"There is no user {options['email']}.")
        portfolio_ids = self.read_portfolios(user, options["portfolio"])
        expires_at = options["expires_at"]
        try:
            key, text = issue_key(
                owner=user,
                name=options["name"],
                scopes=[scope.strip() for scope in options["scopes"].split(",") if scope.strip()],
                portfolio_ids=portfolio_ids,
                networks=options["network"],
                expires_at=None if expires_at is None else read_moment(expires_at),
                created_at=timezone.now(),
            )
        except (KeyRefused, ValueError) as error:
            raise CommandError(str(error)) from error
        reach = f"{len(portfolio_ids)} portfolio(s)" if portfolio_ids else "all portfolios"
        self.stdout.write(
            f"Made key {key.lookup} of {user.email} with {', '.join(key.scopes)} for {reach}."
        )
        self.stdout.write(text)

    def read_portfolios(self, user: User, texts: list[str]) -> list[UUID]:
        try:
            wanted = [UUID(text) for text in texts]
        except ValueError as error:
            raise CommandError(f"--portfolio must be an id: {error}.") from error
        # Portfolios live in a higher app, which the user's own rows lead to.
        owned = set(user.portfolios.filter(id__in=wanted).values_list("id", flat=True))
        for portfolio_id in wanted:
            if portfolio_id not in owned:
                raise CommandError(f"{user.email} has no portfolio {portfolio_id}.")
        return wanted
