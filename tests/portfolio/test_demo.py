from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from accounts.models import User
from accounts.tiers import Tier
from market.corporate_actions.actions import record_action
from market.corporate_actions.facts import ActionFacts
from market.models import Instrument, Watchlist
from market.models.corporate_actions import ActionKind
from portfolio.bookkeeping.entries import EntryKind
from portfolio.bookkeeping.probes import failed_probes
from portfolio.corporate_actions.market_actions import book_market_actions
from portfolio.demo.paper_story import STARTING_CASH, SYMBOLS, tell
from portfolio.demo.starting import create_demo_user
from portfolio.models import DailyValuation, JournalEntry, LedgerBalance, Portfolio, Position
from tests.factories import make_daily_bars, make_instrument
from tests.portfolio.factories import NOON, cash_balance, decimals, race

pytestmark = pytest.mark.django_db

FIRST_DAY = datetime(2024, 1, 1, 5, tzinfo=UTC)
DAYS = (NOON - FIRST_DAY).days


def make_market(symbols: tuple[str, ...] = SYMBOLS) -> None:
    for number, symbol in enumerate(symbols):
        closes = [str(50 + number + Decimal(day) / 20) for day in range(DAYS)]
        make_daily_bars(make_instrument(symbol), closes, first_at=FIRST_DAY)


def test_the_story_never_spends_what_is_not_there() -> None:
    start = FIRST_DAY.date()
    closes = {
        symbol: [(start + timedelta(days=day), Decimal(100)) for day in range(500)]
        for symbol in SYMBOLS
    }
    cash, held = STARTING_CASH, dict.fromkeys(SYMBOLS, Decimal(0))
    for trade in tell(closes, through=start + timedelta(days=400)):
        sign = 1 if trade.kind == EntryKind.BUY else -1
        cash -= sign * trade.quantity * trade.price
        held[trade.symbol] += sign * trade.quantity
        assert cash >= 0
        assert held[trade.symbol] >= 0
        assert trade.traded_on <= start + timedelta(days=400)
        # Every day has a close here, so every day is a session.
        assert (trade.settles_on - trade.traded_on).days == (
            1 if trade.traded_on >= date(2024, 5, 28) else 2
        )


def test_a_demo_user_finds_a_portfolio_with_a_past(db: Any) -> None:
    make_market()
    user = create_demo_user(created_at=NOON)
    portfolio = Portfolio.objects.for_user(user).get()
    assert (user.is_demo, user.tier, user.has_usable_password()) == (True, Tier.PREMIUM, False)
    assert JournalEntry.objects.filter(portfolio=portfolio, kind="buy").count() >= 12
    assert JournalEntry.objects.filter(portfolio=portfolio, kind="sell").count() >= 2
    assert Position.objects.filter(portfolio=portfolio, quantity__gt=0).count() >= 10
    for balance in LedgerBalance.objects.filter(portfolio=portfolio):
        assert (balance.to_receive, balance.to_deliver, balance.held) == decimals(0, 0, 0)
    values = DailyValuation.objects.filter(portfolio=portfolio).order_by("date")
    assert values.last() == values.get(date=(NOON - timedelta(days=1)).date())
    assert None not in [value.total_value for value in values]
    assert Watchlist.objects.get(owner=user).items.count() > 0


def test_a_demo_user_has_had_the_dividends_of_his_years(db: Any) -> None:
    make_market()
    for symbol in ("AAPL", "JNJ"):
        facts = ActionFacts(
            kind=ActionKind.DIVIDEND,
            ex_date=date(2025, 5, 9),
            amount_per_share=Decimal("0.5"),
            currency="USD",
        )
        stock = Instrument.objects.get(symbol=symbol)
        record_action(instrument=stock, facts=facts, source="sample", recorded_at=NOON)
    portfolio = Portfolio.objects.for_user(create_demo_user(created_at=NOON)).get()
    paid = JournalEntry.objects.filter(portfolio=portfolio, kind="dividend")
    assert set(paid.values_list("instrument__symbol", flat=True)) == {"AAPL", "JNJ"}
    ids = list(Instrument.objects.values_list("id", flat=True))
    assert book_market_actions(portfolio, ids, at=NOON) == 0
    assert failed_probes() == []


def test_without_prices_there_is_the_deposit_alone(db: Any) -> None:
    portfolio = Portfolio.objects.for_user(create_demo_user(created_at=NOON)).get()
    assert cash_balance(portfolio).settled == STARTING_CASH
    assert JournalEntry.objects.filter(portfolio=portfolio).count() == 1


@pytest.mark.django_db(transaction=True)
def test_demos_made_at_once_do_not_disturb_each_other() -> None:
    make_market(("AAPL", "MSFT", "KO"))
    outcomes = race([lambda: create_demo_user(created_at=NOON) for _ in range(6)], threads=6)
    assert [one for one in outcomes if isinstance(one, Exception)] == []
    assert Portfolio.objects.count() == 6


def test_the_demo_login_is_made_once_and_told_again(db: Any, settings: Any, tmp_path: Path) -> None:
    settings.HOLDFAST_DATA = tmp_path
    call_command("ensure_demo_login", stdout=(first := StringIO()))
    call_command("ensure_demo_login", stdout=(again := StringIO()))
    assert first.getvalue() == again.getvalue()
    user = User.objects.get(email="demo@holdfast.local")
    password = (tmp_path / "demo_password").read_text()
    assert password in first.getvalue()
    assert user.check_password(password)
    assert (tmp_path / "demo_password").stat().st_mode & 0o777 == 0o600
    assert Portfolio.objects.for_user(user).count() == 1


def test_a_lost_password_file_gives_a_new_password(db: Any, settings: Any, tmp_path: Path) -> None:
    settings.HOLDFAST_DATA = tmp_path
    call_command("ensure_demo_login", stdout=StringIO())
    (tmp_path / "demo_password").unlink()
    call_command("ensure_demo_login", stdout=StringIO())
    user = User.objects.get(email="demo@holdfast.local")
    assert user.check_password((tmp_path / "demo_password").read_text())
