from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from accounts.errors import AllowanceExceeded
from accounts.models import User
from accounts.tiers import Tier
from portfolio.errors import PortfolioError, PortfolioNotFound, PortfolioRefused
from portfolio.models import JournalEntry, Portfolio
from portfolio.portfolios import (
    archive_portfolio,
    find_portfolio,
    open_portfolio,
    rename_portfolio,
)
from portfolio.signals import portfolio_archiving
from tests.factories import make_portfolio, make_user
from tests.portfolio.factories import NOON, cash_balance, race

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice(db: Any) -> User:
    return make_user()


def open_one(owner: User, **facts: Any) -> Portfolio:
    given = {"name": "Mine", "kind": "paper", "currency": "USD", "starting_cash": None} | facts
    return open_portfolio(owner=owner, opened_at=NOON, **given)


def test_starting_cash_is_the_first_entry(alice: User) -> None:
    portfolio = open_one(alice, name="  Mine ", starting_cash=Decimal("100000.01"))
    assert portfolio.name == "Mine"
    assert cash_balance(portfolio).settled == Decimal("100000.01")
    assert JournalEntry.objects.get(portfolio=portfolio).occurred_at == NOON


@pytest.mark.parametrize("cash", [None, Decimal(0)])
def test_it_may_start_without_cash(alice: User, cash: Decimal | None) -> None:
    portfolio = open_one(alice, starting_cash=cash)
    assert not JournalEntry.objects.filter(portfolio=portfolio).exists()


@pytest.mark.parametrize(
    ("facts", "problem"),
    [
        ({"name": "   "}, ("name", "required")),
        ({"name": "x" * 81}, ("name", "too_long")),
        ({"name": "a\x00b"}, ("name", "invalid")),
        ({"kind": "live"}, ("kind", "unknown")),
        ({"currency": "usd"}, ("currency", "invalid")),
        ({"currency": "US"}, ("currency", "invalid")),
        ({"currency": "ÄÖÜ"}, ("currency", "invalid")),
        ({"starting_cash": Decimal(-1)}, ("starting_cash", "out_of_range")),
        ({"starting_cash": Decimal("NaN")}, ("starting_cash", "out_of_range")),
        ({"starting_cash": Decimal("1E400")}, ("starting_cash", "out_of_range")),
        ({"starting_cash": Decimal("1E-11")}, ("starting_cash", "out_of_range")),
        ({"starting_cash": Decimal(1000000000000001)}, ("starting_cash", "out_of_range")),
    ],
)
def test_it_refuses_what_makes_no_sense(
    alice: User, facts: dict[str, Any], problem: tuple[str, str]
) -> None:
    with pytest.raises(PortfolioRefused) as refused:
        open_one(alice, **facts)
    assert [(one.field, one.code) for one in refused.value.problems] == [problem]


def test_it_opens_as_many_as_the_tier_includes(db: Any) -> None:
    owner = make_user(tier=Tier.STANDARD)
    for number in range(5):
        open_one(owner, name=str(number))
    with pytest.raises(AllowanceExceeded):
        open_one(owner)


def test_an_archived_one_counts_no_more(db: Any) -> None:
    owner = make_user(tier=Tier.STANDARD)
    opened = [open_one(owner) for _ in range(5)]
    archive_portfolio(portfolio_id=opened[0].id, owner=owner, archived_at=NOON)
    open_one(owner)


@pytest.mark.django_db(transaction=True)
def test_openings_at_once_do_not_pass_the_limit() -> None:
    owner = make_user(tier=Tier.STANDARD)
    outcomes = race([lambda: open_one(owner) for _ in range(9)])
    assert sum(isinstance(outcome, Portfolio) for outcome in outcomes) == 5


def test_it_is_renamed_by_its_owner_only(alice: User) -> None:
    portfolio = make_portfolio(alice)
    charlie = make_user("charlie@example.com")
    rename_portfolio(portfolio_id=portfolio.id, owner=alice, name="New", renamed_at=NOON)
    with pytest.raises(PortfolioNotFound):
        rename_portfolio(portfolio_id=portfolio.id, owner=charlie, name="Stolen", renamed_at=NOON)
    with pytest.raises(PortfolioRefused):
        rename_portfolio(portfolio_id=portfolio.id, owner=alice, name="", renamed_at=NOON)
    portfolio.refresh_from_db()
    assert portfolio.name == "New"


def test_an_archived_one_is_out_of_sight_with_its_books_kept(alice: User) -> None:
    portfolio = make_portfolio(alice)
    archive_portfolio(portfolio_id=portfolio.id, owner=alice, archived_at=NOON)
    with pytest.raises(PortfolioNotFound):
        find_portfolio(portfolio.id, alice)
    assert JournalEntry.objects.filter(portfolio=portfolio).exists()


def test_an_app_above_may_refuse_the_archiving(alice: User) -> None:
    def refuse(**_: Any) -> None:
        raise PortfolioError("Orders are working.")

    portfolio = make_portfolio(alice)
    portfolio_archiving.connect(refuse)
    try:
        with pytest.raises(PortfolioError, match="Orders are working"):
            archive_portfolio(portfolio_id=portfolio.id, owner=alice, archived_at=NOON)
    finally:
        portfolio_archiving.disconnect(refuse)
    assert find_portfolio(portfolio.id, alice).archived_at is None
