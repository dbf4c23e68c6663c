"""Stored valuations compared with those derived anew, and replaced."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from io import StringIO
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command

from portfolio.errors import PortfolioNotFound
from portfolio.models import DailyValuation, Portfolio
from portfolio.valuation import refresh_valuations
from portfolio.valuations.checking import check_valuations
from tests.factories import make_daily_bars, make_instrument, make_user
from tests.portfolio.factories import NOON, draft_trade, make_tracked, post

pytestmark = pytest.mark.django_db
THROUGH = (NOON + timedelta(days=4)).date()


@pytest.fixture
def portfolio() -> Portfolio:
    """Ten units bought on the first of five valued days."""
    made, apple = make_tracked(make_user()), make_instrument("AAPL")
    make_daily_bars(apple, [100, 101, 102, 103, 104, 105])
    post(draft_trade(made, apple, fees="1"))
    refresh_valuations(made.id, THROUGH)
    return made


def run(*arguments: str) -> str:
    said = StringIO()
    call_command("rebuild_valuations", *arguments, stdout=said, stderr=StringIO())
    return said.getvalue()


def test_what_is_stored_is_what_is_derived(portfolio: Portfolio) -> None:
    found = check_valuations(portfolio.id)
    assert (found.days, found.wrong) == (5, [])
    assert found.checksum in run("--check")


def test_a_day_that_was_changed_or_lost_is_told_and_mended(portfolio: Portfolio) -> None:
    before = check_valuations(portfolio.id).checksum
    second, third = (THROUGH - timedelta(days=days) for days in (3, 2))
    DailyValuation.objects.filter(date=second).update(cash=Decimal(1))
    DailyValuation.objects.filter(date=third).delete()
    found = check_valuations(portfolio.id)
    assert (found.wrong, found.checksum) == ([second, third], before)
    with pytest.raises(CommandError, match="2 days are wrong"):
        run("--check")
    run("--portfolio", str(portfolio.id))
    assert check_valuations(portfolio.id).wrong == []


@pytest.mark.parametrize(
    "figure",
    ["income", "fees", "taxes", "trade_fees", "trade_taxes", "currency_effect", "cash_effect"],
)
def test_each_figure_of_a_day_is_compared(portfolio: Portfolio, figure: str) -> None:
    DailyValuation.objects.filter(date=THROUGH).update(**{figure: Decimal("0.0000000001")})
    assert check_valuations(portfolio.id).wrong == [THROUGH]


def test_rebuilding_gives_the_same_checksum(portfolio: Portfolio) -> None:
    before = check_valuations(portfolio.id).checksum
    DailyValuation.objects.all().delete()
    refresh_valuations(portfolio.id, THROUGH, is_full=True)
    assert check_valuations(portfolio.id).checksum == before


def test_another_price_is_another_checksum(portfolio: Portfolio) -> None:
    from market.models import Bar

    before = check_valuations(portfolio.id).checksum
    Bar.objects.filter(close=102).update(close=Decimal("102.01"), high=Decimal("102.01"))
    found = check_valuations(portfolio.id)
    assert found.checksum != before
    assert len(found.wrong) == 1


def test_days_known_to_be_stale_are_no_finding(portfolio: Portfolio) -> None:
    DailyValuation.objects.filter(date=THROUGH).update(cash=Decimal(1))
    Portfolio.objects.filter(id=portfolio.id).update(valuations_stale_from=THROUGH)
    found = check_valuations(portfolio.id)
    assert (found.days, found.wrong) == (4, [])


def test_a_portfolio_without_days_agrees() -> None:
    found = check_valuations(make_tracked(make_user(), cash=None).id)
    assert (found.days, found.wrong) == (0, [])


def test_a_portfolio_that_is_not_there_is_refused() -> None:
    with pytest.raises(PortfolioNotFound):
        check_valuations(uuid4())
    with pytest.raises(CommandError, match="no portfolio"):
        run("--portfolio", str(uuid4()))
