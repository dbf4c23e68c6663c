"""Record a broker's real answers beside its adapter."""

from __future__ import annotations

import json
from argparse import ArgumentTypeError
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from getpass import getpass
from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.errors import HoldfastError
from accounts.identifiers import new_id
from accounts.utc_days import utc_midnight
from integrations.brokers.adapters import Adapter, catalogue
from integrations.brokers.conversations import TrialOrder
from integrations.brokers.cutting import HERE
from integrations.brokers.pacing import AccountPacing
from integrations.brokers.playing import play
from integrations.brokers.taping import Wanted, record

PATIENCE_SECONDS: Final = 600


def day(text: str) -> datetime:
    try:
        return utc_midnight(date.fromisoformat(text))
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is no day, as in 2025-01-31") from error


def trial_order(text: str) -> TrialOrder:
    symbol, _, price = text.rpartition("@")
    try:
        limit = Decimal(price)
    except InvalidOperation:
        limit = Decimal(0)
    if not (symbol and limit.is_finite() and limit > 0):
        raise ArgumentTypeError(f"{text!r} is no order, as in AAPL@1.00")
    return TrialOrder(symbol, limit)


class Command(BaseCommand):
    help = (
        "Ask a broker for everything that its adapter claims, with your own credentials, and keep"
        " questions and answers without secrets in the adapter's folder recorded."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("broker", choices=sorted(catalogue()))
        parser.add_argument("--sandbox", action="store_true", help="at its place to practise")
        parser.add_argument("--since", type=day, help="the first day of what happened")
        parser.add_argument(
            "--order",
            type=trial_order,
            metavar="SYMBOL@PRICE",
            help="buy one at that limit, far below the market, change and cancel it; sandbox only",
        )
        parser.add_argument(
            "--hide",
            action="append",
            default=[],
            metavar="TEXT",
            help="a name or number of yours that is to lose its letters and digits; any number",
        )
        parser.add_argument("--into", type=Path, help="another folder than the adapter's")

    def handle(self, *args: Any, **options: Any) -> None:
        adapter = catalogue()[options["broker"]]
        if options["order"] and not (options["sandbox"] and adapter.capabilities.trades):
            raise CommandError("An order is tried at the sandbox of a broker that takes orders.")
        wanted = Wanted(
            since=options["since"],
            order=options["order"],
            is_sandbox=options["sandbox"],
            hidden=tuple(options["hide"]),
        )
        try:
            pacing = AccountPacing(new_id(), PATIENCE_SECONDS)
            made = record(adapter, ask_for(adapter), wanted, pacing=pacing, at=timezone.now())
            read = play(adapter, made)
        except HoldfastError as error:
            raise CommandError(f"Nothing was kept. {error}") from error
        folder = options["into"] or HERE / adapter.name / "recorded"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "conversation.json").write_text(made.to_json())
        (folder / "normalised.json").write_text(json.dumps(read, indent=1) + "\n")
        self.stdout.write(
            f"{len(made.pairs)} questions and answers are in {folder}. They tell what the account"
            " owns: look through them before you give them to anybody."
        )


def ask_for(adapter: Adapter) -> dict[str, str]:
    """At the terminal, so that no secret stands in the history of a shell."""
    return {
        one.name: (getpass if one.is_secret else input)(f"{one.label}: ").strip()
        for one in adapter.credentials
    }
