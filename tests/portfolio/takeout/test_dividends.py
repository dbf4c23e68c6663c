"""Dividends that booked themselves, in an export of everything, and back."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from accounts.identifiers import new_id
from accounts.models import User
from market.models import CorporateAction, Instrument
from portfolio.bookkeeping.probes import failed_probes
from portfolio.corporate_actions.market_actions import book_market_actions
from portfolio.models import DailyValuation, JournalEntry, Portfolio
from portfolio.valuation import refresh_valuations
from tests.factories import make_daily_bars, make_instrument, make_portfolio
from tests.portfolio.factories import NOON, draft_trade, post
from tests.portfolio.takeout.desk import brought_back, files_of, zip_of

TODAY = timezone.now().date()
LAST_DAY = date(2026, 1, 31)
OPEN = 3  # days until what has accrued is paid


@pytest.fixture
def apple(db: None) -> Instrument:
    found = make_instrument()
    make_daily_bars(found, ["100"] * 3 + ["98"] * 25)
    return found


@pytest.fixture
def packed(alice: User, apple: Instrument) -> bytes:
    """A paper portfolio with a dividend that was paid, and one that is due."""
    for ex_date, pay_date in (
        (date(2026, 1, 8), date(2026, 1, 20)),
        (TODAY - timedelta(days=OPEN), TODAY + timedelta(days=OPEN)),
    ):
        CorporateAction.objects.create(
            instrument=apple,
            kind="dividend",
            ex_date=ex_date,
            pay_date=pay_date,
            amount_per_share=Decimal(2),
            currency="USD",
            source="test",
        )
    portfolio = make_portfolio(alice, opened_at=NOON)
    post(draft_trade(portfolio, apple, is_settled=True))
    assert book_market_actions(portfolio, [apple.id], at=timezone.now()) == 4
    return zip_of(files_of(alice))


def numbers_of(portfolio: Portfolio) -> dict[str, Any]:
    """What its cash and its days come to, and how much of it was undone."""
    refresh_valuations(portfolio.id, LAST_DAY)
    facts = ("date", "cash", "market_value", "net_flow", "income", "cash_effect")
    days = DailyValuation.objects.filter(portfolio=portfolio, date__lte=LAST_DAY)
    return {
        "cash": list(portfolio.balances.filter(instrument=None).values_list("settled", "accrued")),
        "days": list(days.order_by("date").values_list(*facts)),
        "reversed": JournalEntry.objects.filter(portfolio=portfolio, kind="reversal").count(),
    }


def test_they_come_to_the_same_numbers(packed: bytes, alice: User, bob: User) -> None:
    (back,) = brought_back(bob, packed)
    found = numbers_of(back)
    assert found == numbers_of(Portfolio.objects.get(owner=alice))
    assert found["cash"] == [(99020, 20)]
    assert {cash + worth for _, cash, worth, *_ in found["days"]} == {100_000}
    assert failed_probes() == []


def test_on_a_desk_that_names_its_actions_otherwise_too(
    packed: bytes, alice: User, bob: User, apple: Instrument
) -> None:
    """What was booked elsewhere counts as reported: neither undone nor booked again."""
    for action in CorporateAction.objects.all():
        CorporateAction.objects.filter(id=action.id).update(id=new_id())
    (back,) = brought_back(bob, packed)
    assert book_market_actions(back, [apple.id], at=timezone.now()) == 0
    assert numbers_of(back) == numbers_of(Portfolio.objects.get(owner=alice))


def test_a_desk_that_knows_of_no_dividend_keeps_what_was_paid(packed: bytes, bob: User) -> None:
    CorporateAction.objects.all().delete()
    (back,) = brought_back(bob, packed)
    found = numbers_of(back)
    assert (found["cash"], found["reversed"]) == ([(99020, 0)], 0)
