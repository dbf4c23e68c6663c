"""A dividend of the market that is paid twelve days after its ex-date, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from market.corporate_actions.actions import record_action
from market.corporate_actions.facts import ActionFacts
from market.models import CorporateAction, Instrument
from market.models.corporate_actions import ActionKind
from portfolio.bookkeeping.drafts import EntryKind
from portfolio.corporate_actions.market_actions import book_market_actions
from portfolio.models import JournalEntry, Portfolio
from tests.portfolio.factories import NOON, cash_balance

EX, PAY = date(2026, 1, 8), date(2026, 1, 20)
BEFORE = datetime(2026, 1, 8, 4, 59, tzinfo=UTC)  # a minute before midnight in New York
ON_EX = datetime(2026, 1, 8, 5, tzinfo=UTC)
BETWEEN = datetime(2026, 1, 12, 12, tzinfo=UTC)
ON_PAY = datetime(2026, 1, 20, 5, tzinfo=UTC)
LATER = datetime(2026, 2, 2, 12, tzinfo=UTC)
LAST_DAY = date(2026, 1, 25)
CLOSES = ["100"] * 3 + ["98"] * 25  # from three days before the ex-date on


def declare(instrument: Instrument, amount: str = "2", **facts: Any) -> CorporateAction:
    told: dict[str, Any] = {
        "kind": ActionKind.DIVIDEND,
        "ex_date": EX,
        "pay_date": PAY,
        "currency": "USD",
    } | facts
    return record_action(
        instrument=instrument,
        facts=ActionFacts(amount_per_share=Decimal(amount), **told),
        source="test",
        recorded_at=NOON,
    )


def book(portfolio: Portfolio, *, at: datetime) -> int:
    """Book all that is due, and nothing if that is done again."""
    ids = list(Instrument.objects.values_list("id", flat=True))
    count = book_market_actions(portfolio, ids, at=at)
    assert book_market_actions(portfolio, ids, at=at) == 0
    return count


@dataclass(frozen=True)
class Money:
    """What there is in the portfolio's currency."""

    settled: Decimal
    accrued: Decimal

    @classmethod
    def of(cls, portfolio: Portfolio) -> Money:
        balance = cash_balance(portfolio)
        assert balance.available == balance.settled
        assert balance.withdrawable == balance.settled
        assert balance.total == balance.settled + balance.accrued
        return cls(balance.settled, balance.accrued)


def money(settled: str, accrued: str) -> Money:
    return Money(Decimal(settled), Decimal(accrued))


def standing(portfolio: Portfolio) -> list[Any]:
    kinds = [EntryKind.DIVIDEND, *EntryKind.claims()]
    found = JournalEntry.objects.filter(portfolio=portfolio, kind__in=kinds, reversed_by=None)
    ordered = found.order_by("occurred_at", "kind")
    return list(ordered.values_list("kind", "occurred_at", "amount"))
