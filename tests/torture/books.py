"""Random entries and holds in a real database, checked by every probe and by a rebuild."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.db import connection, transaction

from accounts.identifiers import new_id
from accounts.tiers import Tier
from market.models import Instrument
from portfolio.bookkeeping.entries import (
    EntryDraft,
    EntryKind,
    deposit_entry,
    trade_entry,
    withdrawal_entry,
)
from portfolio.bookkeeping.lot_keeping import apply_trades
from portfolio.bookkeeping.probes import failed_probes
from portfolio.bookkeeping.rebuilding import find_differences
from portfolio.errors import PortfolioError
from portfolio.holds import HoldChange, place_hold
from portfolio.ledger import post_entries
from portfolio.models import LedgerBalance, Portfolio
from portfolio.portfolios import open_portfolio
from tests.factories import make_instrument, make_user
from tests.portfolio.factories import draft_settlement
from tests.torture.report import Finding

STEPS_BETWEEN_CHECKS = 200
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


class Books:
    """One portfolio under random business; refusals are fine, broken books are not."""

    def __init__(self, numbers: random.Random, portfolio: Portfolio, shares: list[Instrument]):
        self.numbers = numbers
        self.portfolio = portfolio
        self.shares = shares
        self.now = NOON
        self.owed: list[EntryDraft] = []
        self.holds: list[HoldChange] = []
        self.refusals = 0

    def step(self) -> None:
        self.now += timedelta(seconds=self.numbers.randint(0, 90))
        action = self.numbers.choice(
            (
                self.move_cash,
                self.trade,
                self.trade,
                self.trade,
                self.hold,
                self.release,
                self.settle,
            )
        )
        try:
            action()
        except PortfolioError:
            self.refusals += 1

    def move_cash(self) -> None:
        make = self.numbers.choice((deposit_entry, withdrawal_entry))
        entry_id = new_id()
        draft = make(
            entry_id=entry_id,
            portfolio_id=self.portfolio.id,
            external_id=str(entry_id),
            occurred_at=self.now,
            currency="USD",
            amount=self.amount(1, 500_000),
        )
        # Told twice, booked once.
        for _ in range(self.numbers.choice((1, 1, 2))):
            post_entries([draft], recorded_at=self.now)

    def trade(self) -> None:
        drafts = [self.draft_trade() for _ in range(self.numbers.randint(1, 4))]
        with transaction.atomic():
            posted = post_entries(drafts, recorded_at=self.now)
            apply_trades(posted.new)
        self.owed.extend(drafts)

    def draft_trade(self) -> EntryDraft:
        entry_id = new_id()
        return trade_entry(
            entry_id=entry_id,
            portfolio_id=self.portfolio.id,
            kind=self.numbers.choice((EntryKind.BUY, EntryKind.BUY, EntryKind.SELL)),
            external_id=str(entry_id),
            occurred_at=self.now,
            currency="USD",
            instrument_id=self.numbers.choice(self.shares).id,
            quantity=Decimal(self.numbers.randint(1, 60)),
            unit_price=self.amount(100, 40_000),
            fees=self.amount(0, 900),
            is_settled=False,
        )

    def settle(self) -> None:
        """Settle some of what is owed, in any order, now and then twice."""
        self.numbers.shuffle(self.owed)
        drafts = [
            draft_settlement(trade, at=trade.occurred_at + timedelta(days=1))
            for trade in self.owed[:5]
        ]
        post_entries(drafts, recorded_at=self.now)
        del self.owed[: self.numbers.randint(0, 5)]

    def hold(self) -> None:
        balance = self.numbers.choice(list(LedgerBalance.objects.filter(portfolio=self.portfolio)))
        reference, amount = new_id(), self.amount(1, 2_000_000 if balance.currency else 3_000)
        place_hold(balance_id=balance.id, reference=reference, amount=amount, placed_at=self.now)
        self.holds.append(HoldChange(reference, consumed=amount))

    def release(self) -> None:
        if self.holds:
            chosen = self.holds[self.numbers.randrange(len(self.holds))]
            change = HoldChange(chosen.reference, release_rest=True)
            post_entries([], recorded_at=self.now, hold_changes=[change])

    def amount(self, least: int, most: int) -> Decimal:
        return Decimal(self.numbers.randint(least, most)) / 100


def search(*, seconds: float, seed: int) -> Finding:
    """Do random business until time is up; check probes and a rebuild now and then."""
    finding = Finding("books", seed=seed, counted="steps")
    with connection.cursor() as cursor:  # nobody pulls the plug here, that is for ``faults``
        cursor.execute("SET synchronous_commit = off")
    deadline = time.monotonic() + seconds
    numbers = random.Random(seed)
    owner = make_user(f"torture-{seed}@example.com", tier=Tier.ADMIN)  # portfolios without end
    shares = [make_instrument(symbol) for symbol in ("AAA", "BBB", "CCC")]
    refusals = 0
    while time.monotonic() < deadline:
        portfolio = open_portfolio(
            owner=owner,
            name="Tortured",
            kind="paper",
            currency="USD",
            starting_cash=Decimal(50_000),
            opened_at=NOON,
        )
        books = Books(numbers, portfolio, shares)
        for _ in range(STEPS_BETWEEN_CHECKS):
            books.step()
        finding.count += STEPS_BETWEEN_CHECKS
        refusals += books.refusals
        finding.violations.extend(str(probe) for probe in failed_probes())
        with transaction.atomic():
            finding.violations.extend(str(found) for found in find_differences(portfolio.id))
    finding.notes.append(f"{refusals:,} refused for want of cash or units, as they should be")
    return finding
