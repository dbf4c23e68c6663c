"""What was worked out before a reset, and comes to the books after it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.db import transaction

from accounts.identifiers import new_id
from accounts.models import User
from market.models import Instrument
from portfolio.activities import record_activity
from portfolio.beginning_anew import begin_anew
from portfolio.corporate_actions.market_actions import book_market_actions
from portfolio.errors import ActivityRefused, NotReversible
from portfolio.models import Portfolio
from portfolio.recording.reversals import reverse_entry
from tests.factories import make_instrument, make_portfolio
from tests.portfolio.dividends import BEFORE, BETWEEN, LATER, ON_EX, Money, book, declare, money
from tests.portfolio.factories import NOON, activity, draft_trade, post, race

pytestmark = pytest.mark.django_db

SOON = BETWEEN + timedelta(hours=1)


@pytest.fixture
def apple(db: None) -> Instrument:
    return make_instrument()


@pytest.fixture
def paper(alice: User, apple: Instrument) -> Portfolio:
    """10 units, bought and settled three days before the ex-date."""
    portfolio = make_portfolio(alice, opened_at=NOON)
    post(draft_trade(portfolio, apple, is_settled=True))
    declare(apple)
    return portfolio


def reset(portfolio: Portfolio, *, at: datetime = SOON) -> None:
    """By another process: the portfolio stays as it was read here."""
    with transaction.atomic():
        anew = Portfolio.objects.get(id=portfolio.id)
        begin_anew(anew, starting_cash=Decimal(500), reference=new_id(), at=at)


@pytest.mark.parametrize("first", [BEFORE, ON_EX])
def test_no_claim_of_before_is_made_or_ended(
    paper: Portfolio, apple: Instrument, first: datetime
) -> None:
    book(paper, at=first)
    reset(paper)
    assert book_market_actions(paper, [apple.id], at=LATER) == 0
    assert Money.of(paper) == money("500", "0")


def test_a_deposit_of_before_is_refused(paper: Portfolio) -> None:
    reset(paper)
    deposit = activity("deposit", at=BETWEEN, amount="1000")
    with pytest.raises(ActivityRefused) as caught:
        record_activity(portfolio=paper, activity=deposit, recorded_at=SOON)
    assert [one.code for one in caught.value.problems] == ["before_reset"]
    assert Money.of(paper) == money("500", "0")


def test_a_deposit_of_before_is_not_taken_back(paper: Portfolio) -> None:
    deposit = activity("deposit", at=BETWEEN, amount="100")
    entry = record_activity(portfolio=paper, activity=deposit, recorded_at=BETWEEN)
    reset(paper)
    with pytest.raises(NotReversible):
        reverse_entry(portfolio=paper, entry_id=entry.id, reversed_at=SOON)
    assert Money.of(paper) == money("500", "0")


@pytest.mark.django_db(transaction=True)
def test_whoever_comes_first_nothing_of_before_is_left(paper: Portfolio, apple: Instrument) -> None:
    book(paper, at=ON_EX)

    def pay() -> int:
        return book_market_actions(paper, [apple.id], at=LATER)

    actions: list[Callable[[], int | None]] = [pay, lambda: reset(paper, at=LATER), pay]
    outcomes = race(actions)
    assert not any(isinstance(one, Exception) for one in outcomes), outcomes
    assert Money.of(paper) == money("500", "0")
