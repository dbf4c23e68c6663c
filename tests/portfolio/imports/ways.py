"""Files taken in, booked and undone through the database, each time wholly or not at all."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import transaction

from accounts.models import User
from market.models import Instrument
from portfolio.bookkeeping.probes import failed_probes
from portfolio.bookkeeping.rebuilding import find_differences
from portfolio.errors import PortfolioError
from portfolio.imports import commits, undoing
from portfolio.imports.commits import commit_import
from portfolio.imports.errors import UnreadableImport
from portfolio.imports.previews import start_import
from portfolio.imports.undoing import reverse_import
from portfolio.models import (
    FileImport,
    FileImportRow,
    JournalEntry,
    LedgerBalance,
    Lot,
    Portfolio,
    Position,
    Posting,
)
from portfolio.models.imports import TAKEN
from tests.factories import make_instrument
from tests.portfolio.imports.reading import read
from tests.portfolio.imports.samples import SAMPLES

# What was undone left nothing behind but entries and those that take them back.
Left = tuple[dict[Any, Decimal], dict[Any, tuple[Decimal, ...]], dict[Any, tuple[Decimal, ...]]]


def list_instruments() -> None:
    """Whatever the samples name, so that most of their rows can be booked."""
    known = set(Instrument.objects.values_list("symbol", flat=True))
    for content in SAMPLES.values():
        for row in read(content).rows:
            if row.symbol and row.symbol.isalnum() and row.symbol not in known:
                known.add(row.symbol)
                made = make_instrument(row.symbol)
                made.isin, made.currency = row.isin, str(row.facts.get("currency") or "USD")
                made.save(update_fields=["isin", "currency"])


class Ways:
    """One portfolio that files go into and out of again; ``broken`` are promises that were not
    kept, in words.
    """

    def __init__(self, owner: User, portfolio: Portfolio, *, at: datetime) -> None:
        self.owner, self.portfolio, self.at = owner, portfolio, at
        self.outcomes: Counter[str] = Counter()
        self.broken: list[str] = []

    def go(self, content: bytes) -> None:
        imports, rows = FileImport.objects.count(), FileImportRow.objects.count()
        try:
            with transaction.atomic():
                made = start_import(
                    portfolio=self.portfolio,
                    content=content,
                    file_name="x.csv",
                    profile="",
                    created_by=self.owner,
                    created_at=self.at,
                )
        except UnreadableImport:
            self.outcomes["refused"] += 1
            left = (FileImport.objects.count(), FileImportRow.objects.count())
            self.expect(left == (imports, rows), "a refused file left something")
            return
        stored = FileImportRow.objects.filter(file_import=made)
        self.expect(stored.count() == made.rows_total, "rows were lost")
        self.book(made)
        made.delete()

    def book(self, made: FileImport) -> None:
        wanted = made.rows.filter(TAKEN).count()
        before, written = self.left(), self.written()
        try:
            with transaction.atomic():
                commit_import(found=made, committed_at=self.at)
            if wanted > settings.LIMITS.import_rows_at_once:
                commits.carry_out(made.id, at=self.at)
        except PortfolioError:
            self.outcomes["not booked"] += 1
            self.expect(self.written() == written, "what was refused was partly booked")
            return
        made.refresh_from_db()
        if made.error:  # what was left to a worker is refused there
            self.outcomes["not booked"] += 1
            self.expect(made.rows_done == 0 and self.written() == written, "partly booked")
            return
        booked = made.rows.exclude(entry_id=None).count()
        self.expect(0 < booked <= wanted, f"{booked} of {wanted} rows were booked")
        self.expect(made.rows_done == booked, "the count of rows done is another")
        self.check("after booking")
        self.undo(made, before)

    def undo(self, made: FileImport, before: Left) -> None:
        written = self.written()
        try:
            with transaction.atomic():
                reverse_import(found=made, reversed_at=self.at)
            if made.rows_done > settings.LIMITS.import_rows_at_once:
                undoing.carry_out(made.id, at=self.at)
        except PortfolioError:
            self.outcomes["not undone"] += 1
            self.expect(self.written() == written, "what was refused was partly undone")
            return
        self.outcomes["booked and undone"] += 1
        self.check("after undoing")
        self.expect(self.left() == before, "undone, the books are not what they were")

    def check(self, when: str) -> None:
        self.broken.extend(f"{when}: {probe}" for probe in failed_probes())
        with transaction.atomic():
            found = find_differences(self.portfolio.id)
        self.broken.extend(f"{when}: {difference}" for difference in found)

    def expect(self, is_so: bool, words: str) -> None:
        if not is_so:
            self.broken.append(words)

    def written(self) -> tuple[int, int]:
        return (JournalEntry.objects.count(), Posting.objects.count())

    def left(self) -> Left:
        """Balances, positions and open lots that are not nothing."""
        balances = LedgerBalance.objects.filter(portfolio=self.portfolio)
        positions = Position.objects.filter(portfolio=self.portfolio)
        lots = Lot.objects.filter(portfolio=self.portfolio, remaining_quantity__gt=0)
        return (
            {(one.currency, one.instrument_id): one.total for one in balances if one.total},
            {
                one.instrument_id: facts
                for one in positions
                if any(facts := (one.quantity, one.cost, one.realised_gain))
            },
            {one.id: (one.remaining_quantity, one.remaining_cost) for one in lots},
        )
