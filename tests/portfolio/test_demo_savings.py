"""The demo's ten years of savings: told by rules, recorded as a user would, right to the cent."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from pytest_django import Settings

from accounts.models import User
from market.corporate_actions.actions import record_action
from market.corporate_actions.facts import ActionFacts
from market.currencies.rate_intake import store_rates
from market.currencies.rate_sheets import PublishedRate
from market.models import Bar
from market.models.corporate_actions import ActionKind
from portfolio.activities import record_activity
from portfolio.bookkeeping.entries import EntryKind
from portfolio.bookkeeping.probes import failed_probes
from portfolio.bookkeeping.rebuilding import find_differences
from portfolio.demo import starting
from portfolio.demo.savings import EXTERNAL_ID, open_savings
from portfolio.demo.savings_plan import SYMBOLS, Account
from portfolio.demo.savings_story import FEES, Market, StoryActivity, tell
from portfolio.models import JournalEntry, LedgerBalance, Lot, Portfolio
from portfolio.portfolios import open_portfolio
from portfolio.quality.checks import quality_checks
from portfolio.returns.performance import measure
from portfolio.tasks import open_demo_savings
from portfolio.valuation import freshen
from portfolio.valuations.checking import check_valuations
from tests.factories import make_instrument, make_user
from tests.portfolio.factories import activity

FIRST = date(2015, 2, 2)  # a Monday
AT = datetime(2018, 7, 2, 12, tzinfo=UTC)
WEEK = timedelta(days=7)
SPLIT = date(2015, 7, 15)
OF_THE_MARKET = {"closed_day", "missing_rate", "no_price"}  # of one with a price a week
Callbacks = Callable[..., AbstractContextManager[list[Callable[[], object]]]]


def mondays(through: date) -> list[date]:
    return [FIRST + WEEK * week for week in range((through - FIRST) // WEEK + 1)]


def steady(through: date) -> Market:
    """Everything costs 50 on each Monday, pays 0.5 each quarter, and a dollar is 0.9 euros."""
    days = [FIRST + timedelta(days=day) for day in range((through - FIRST).days + 1)]
    closes = [(day, Decimal(50)) for day in mondays(through)]
    dividends = [(FIRST + 13 * WEEK * quarter, Decimal("0.5")) for quarter in range(1, 9)]
    return Market(
        closes=dict.fromkeys(SYMBOLS, closes),
        dividends=dict.fromkeys(SYMBOLS, dividends),
        splits={"NFLX": [(SPLIT, Decimal(7))]},
        rates=dict.fromkeys(days, Decimal("0.9")),
    )


def test_ten_years_are_told_and_nothing_is_spent_or_sold_that_is_not_there() -> None:
    through = date(2026, 6, 1)
    told = tell(steady(through), through=through)
    assert told == tell(steady(through), through=through)
    assert [one.on for one in told] == sorted(one.on for one in told)
    savings = [one for one in told if one.account is Account.SAVINGS]
    assert (savings[-1].on - savings[0].on).days > 10 * 365
    kinds = {one.kind.value for one in savings}
    assert kinds == {"deposit", "buy", "sell", "dividend", "fee", "withdrawal"}
    # What was paid for eight quarters goes on every year since.
    assert max(one.on for one in told if one.kind == EntryKind.DIVIDEND).year == 2026
    check_money(told)


def check_money(told: list[StoryActivity]) -> None:
    cash: dict[tuple[Account, str], Decimal] = {}
    for one in told:
        own = "USD" if one.account is Account.FIRST else "EUR"
        gross = one.amount or (one.quantity or 0) * (one.unit_price or Decimal(0))
        if one.is_transfer and one.symbol:
            continue
        is_in = one.kind in (EntryKind.DEPOSIT, EntryKind.SELL, EntryKind.DIVIDEND)
        change = (gross if is_in else -gross) - one.fees - one.taxes
        currency = one.currency or ("USD" if one.is_trade and not one.exchange_rate else own)
        if one.exchange_rate:
            change *= one.exchange_rate
        key = (one.account, currency)
        cash[key] = cash.get(key, Decimal(0)) + change
        if one.is_transfer:
            arrived = (Account.SAVINGS, currency)
            cash[arrived] = cash.get(arrived, Decimal(0)) - change
        assert min(cash.values()) >= 0, (one, cash)


def test_without_prices_there_is_no_story_and_without_rates_no_account_in_euros() -> None:
    through = date(2018, 6, 1)
    assert tell(Market(closes={}, dividends={}, splits={}, rates={}), through=through) == []
    told = tell(replace(steady(through), rates={}), through=through)
    assert {one.account for one in told} == {Account.FIRST}
    assert not any(one.is_transfer for one in told)


def make_market() -> None:
    """Weekly closes in a rising market, dividends of one, a split, and a rate for each week."""
    days = mondays(AT.date())
    bars = []
    for number, symbol in enumerate(SYMBOLS):
        instrument = make_instrument(symbol)
        for week, day in enumerate(days):
            price = 40 + 3 * number + Decimal(week) / 8
            opened_at = datetime.combine(day, datetime.min.time(), tzinfo=UTC) + timedelta(hours=5)
            prices = dict.fromkeys(("open", "high", "low", "close"), price)
            bars.append(
                Bar(
                    instrument=instrument,
                    interval="1d",
                    opened_at=opened_at,
                    volume=Decimal(1000),
                    source="sample",
                    **prices,
                )
            )
        facts = ActionFacts(
            kind=ActionKind.DIVIDEND,
            ex_date=date(2017, 5, 9),
            amount_per_share=Decimal("0.63"),
            currency="USD",
        )
        if symbol == "NFLX":
            facts = ActionFacts(
                kind=ActionKind.SPLIT, ex_date=SPLIT, ratio_from=1, ratio_to=7, is_in_history=True
            )
        record_action(instrument=instrument, facts=facts, source="test", recorded_at=AT)
    Bar.objects.bulk_create(bars)
    rates = [
        PublishedRate("USD", day, Decimal("1.1") + Decimal(week) / 1000)
        for week, day in enumerate(days)
    ]
    store_rates(rates, source="ecb", is_authoritative=True, recorded_at=AT)


@pytest.mark.django_db
def test_both_accounts_come_out_right() -> None:
    make_market()
    owner = make_user()
    first, savings = open_savings(owner=owner, opened_at=AT)
    assert [(one.kind, one.currency) for one in (first, savings)] == [
        ("tracked", "USD"),
        ("tracked", "EUR"),
    ]
    yesterday = AT.date() - timedelta(days=1)
    for portfolio in (first, savings):
        freshen(portfolio, through_date=yesterday)
        drivers = measure(portfolio, end=yesterday, at=AT).drivers
        assert drivers is not None
        assert abs(drivers.identity_gap) < Decimal("0.005")
        assert drivers.income > drivers.taxes > 0
        assert find_differences(portfolio.id) == []
        assert check_valuations(portfolio.id).wrong == []
        found = [one for one in quality_checks(portfolio, at=AT) if one.code not in OF_THE_MARKET]
        assert found == []
    assert failed_probes() == []
    check_split_and_transfer(first, savings)
    assert open_savings(owner=owner, opened_at=AT) == []
    settled = LedgerBalance.objects.filter(portfolio=savings, instrument=None)
    assert {one.currency for one in settled if one.settled > 0} == {"EUR", "USD"}


def check_split_and_transfer(first: Portfolio, savings: Portfolio) -> None:
    """Half of what seven for one made of the first shares moved on, at its cost and date."""
    bought = JournalEntry.objects.get(portfolio=first, kind="buy", instrument__symbol="NFLX")
    units = (bought.quantity or Decimal(0)) * 7
    moved = units // 2
    left = Lot.objects.get(portfolio=first, instrument__symbol="NFLX")
    came = Lot.objects.get(portfolio=savings, instrument__symbol="NFLX")
    assert (left.remaining_quantity, came.quantity) == (units - moved, moved)
    assert came.opened_at == left.opened_at == bought.occurred_at
    cost = (bought.amount or Decimal(0)) + FEES
    assert came.local_cost is not None
    assert left.remaining_cost + came.local_cost == cost
    assert abs(came.local_cost - cost * moved / units) < Decimal("0.0001")
    assert not Lot.objects.filter(
        portfolio=first, instrument__symbol="AAPL", remaining_quantity__gt=0
    ).exists()
    assert Lot.objects.filter(portfolio=savings, instrument__symbol="AAPL").exists()


@pytest.mark.django_db
def test_a_start_asks_for_savings_until_they_are_there(
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Callbacks,
) -> None:
    settings.HOLDFAST_DATA = tmp_path
    asked: list[str] = []
    monkeypatch.setattr(starting, "_request_savings", lambda user_id: asked.append(str(user_id)))
    for _ in range(2):
        with django_capture_on_commit_callbacks(execute=True):
            call_command("ensure_demo_login", stdout=StringIO())
    demo = User.objects.get(email="demo@holdfast.local")
    assert asked == [str(demo.id)] * 2
    open_demo_savings(user_id=str(demo.id))
    assert Portfolio.objects.for_user(demo).count() == 1  # nothing to tell without prices
    savings = open_portfolio(
        owner=demo, name="Mine", kind="tracked", currency="EUR", starting_cash=None, opened_at=AT
    )
    told = activity("deposit", at=AT, external_id=EXTERNAL_ID.format(1), amount="1")
    record_activity(portfolio=savings, activity=told, recorded_at=AT)
    with django_capture_on_commit_callbacks(execute=True):
        call_command("ensure_demo_login", stdout=StringIO())
    assert len(asked) == 2
