"""Compare the journal with its chain of hashes."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from portfolio.sealing.sealing import seal_journal, unsealed_entries
from portfolio.sealing.verification import record_verification, verify_ledger


class Command(BaseCommand):
    help = "Verify every seal of the journal; fails where something sealed was changed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--seal", action="store_true", help="seal what is not sealed first")
        parser.add_argument(
            "--contains", type=hash_of, help="a hash noted earlier, which the chain must still have"
        )

    def handle(self, *args: Any, seal: bool, contains: bytes | None, **options: Any) -> None:
        now = timezone.now()
        if seal:
            seal_journal(sealed_at=now)
        verdict = verify_ledger(contains=contains)
        record_verification(verdict, verified_at=now)
        for problem in verdict.problems:
            self.stderr.write(problem)
        if verdict.problems:
            raise CommandError(f"{len(verdict.problems)} findings in {verdict.seals} seals.")
        self.stdout.write(
            f"{verdict.seals} seals over {verdict.entries} entries hold;"
            f" {unsealed_entries()} entries are not sealed yet."
        )
        self.stdout.write(f"Newest: {verdict.head.hex()}")


def hash_of(text: str) -> bytes:
    """Raises:
    ValueError: it is not 64 hexadecimal digits.
    """
    found = bytes.fromhex(text)
    if len(found) != 32:
        raise ValueError(f"{text} has {len(text)} digits, a hash has 64")
    return found
