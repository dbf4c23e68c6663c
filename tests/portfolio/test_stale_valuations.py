"""Days that prices, splits and rates of the past have made wrong are valued anew, and no others."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from market.corporate_actions.actions import record_action
from market.corporate_actions.facts import ActionFacts
from market.currencies.rate_intake import store_rates
from market.currencies.rate_sheets import PublishedRate
from market.intake.bars import BarRow, store_bars
from market.intake.ingestion import store_ticks
from market.intake.minute_rollups import roll_up_minutes
from market.models import Instrument
from market.models.corporate_actions import ActionKind
from market.series import rollups
from portfolio.activities import record_activity
from portfolio.models import DailyValuation, Portfolio
from portfolio.portfolios import open_portfolio
from portfolio.valuation import freshen, refresh_valuations
from portfolio.valuations.checking import check_valuations
from tests.factories import make_daily_bars, make_instrument, make_user
from tests.market.factories import make_tick
from tests.portfolio.factories import NOON, activity, make_tracked

pytestmark = pytest.mark.django_db

BOUGHT = datetime(2026, 1, 6, 15, tzinfo=UTC)
THROUGH = date(2026, 1, 30)
NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


def publish(rates: dict[date, str], currency: str = "USD") -> None:
    told = [PublishedRate(currency, day, Decimal(rate)) for day, rate in rates.items()]
    store_rates(told, source="ecb", is_authoritative=True, recorded_at=NOW)


@pytest.fixture
def apple() -> Instrument:
    made = make_instrument("AAPL")
    make_daily_bars(made, [100] * 26)
    return made


@pytest.fixture
def abroad(apple: Instrument) -> Portfolio:
    """In euros, with ten shares in dollars, valued through January."""
    publish({date(2026, 1, day): "1.25" for day in range(5, 31)})
    portfolio = open_portfolio(
        owner=make_user(),
        name="Abroad",
        kind="tracked",
        currency="EUR",
        starting_cash=Decimal(10_000),
        opened_at=NOON,
    )
    bought = activity("buy", instrument=apple, at=BOUGHT, quantity="10", unit_price="100")
    record_activity(portfolio=portfolio, activity=bought, recorded_at=NOW)
    refresh_valuations(portfolio.id, THROUGH)
    return portfolio


def stale_from(portfolio: Portfolio) -> date | None:
    return Portfolio.objects.get(id=portfolio.id).valuations_stale_from


def market_value(portfolio: Portfolio, day: int) -> Decimal | None:
    freshen(Portfolio.objects.get(id=portfolio.id), through_date=THROUGH)
    assert check_valuations(portfolio.id).wrong == []
    return DailyValuation.objects.get(portfolio=portfolio, date=date(2026, 1, day)).market_value


def test_a_corrected_rate_has_its_days_valued_anew(abroad: Portfolio) -> None:
    publish({date(2026, 1, 12): "1.6", date(2026, 1, 13): "1.25"})
    assert stale_from(abroad) == date(2026, 1, 12)
    assert market_value(abroad, 12) == 625
    assert {market_value(abroad, 11), market_value(abroad, 13)} == {Decimal(800)}
    assert stale_from(abroad) is None


def test_rates_of_other_days_and_currencies_mark_nothing(abroad: Portfolio) -> None:
    publish({date(2026, 1, 31): "1.3"})  # of no day that is stored
    publish({date(2026, 1, 12): "0.8"}, currency="GBP")
    publish({date(2026, 1, 12): "1.25"})  # as it was
    assert stale_from(abroad) is None


def test_rates_do_not_concern_what_is_all_of_one_currency(abroad: Portfolio) -> None:
    at_home = make_tracked(make_user("bob@example.com"))
    refresh_valuations(at_home.id, THROUGH)
    publish({date(2026, 1, 12): "1.6"})
    assert stale_from(abroad) == date(2026, 1, 12)
    assert stale_from(at_home) is None


def test_a_tick_that_comes_weeks_late_changes_its_day(abroad: Portfolio) -> None:
    brew = make_instrument("BREW")
    store_ticks([make_tick(brew, "50", at=BOUGHT)], received_at=BOUGHT)
    bought = activity("buy", instrument=brew, at=BOUGHT, quantity="10", unit_price="50")
    record_activity(portfolio=abroad, activity=bought, recorded_at=NOW)
    store_ticks([make_tick(brew, "50", at=NOW)], received_at=NOW)
    assert market_value(abroad, 7) == 1200
    late = make_tick(brew, "75", at=BOUGHT.replace(minute=1))
    store_ticks([late], received_at=NOW)
    assert stale_from(abroad) == date(2026, 1, 5)  # the day before that of the exchange
    assert market_value(abroad, 7) == 1400


def fill_in(instrument: Instrument, close: str, *, opened_at: datetime) -> None:
    """A minute that a provider gives late, as a collection stores it."""
    price = Decimal(close)
    minute = BarRow(instrument.id, "1m", opened_at, price, price, price, price, Decimal(1))
    store_bars([minute], source="alpaca", recorded_at=NOW)
    roll_up_minutes([(instrument.id, opened_at)], source="alpaca", at=NOW, run_id=None)


def test_minutes_that_are_filled_in_late_change_their_day(abroad: Portfolio) -> None:
    """Though this process keeps the closes of that time already."""
    brew = make_instrument("BREW")
    bought = activity("buy", instrument=brew, at=BOUGHT, quantity="10", unit_price="50")
    record_activity(portfolio=abroad, activity=bought, recorded_at=NOW)
    fill_in(brew, "50", opened_at=BOUGHT)
    assert market_value(abroad, 7) == 1200
    fill_in(brew, "75", opened_at=BOUGHT.replace(minute=1))
    assert stale_from(abroad) == date(2026, 1, 5)  # the day before that of the exchange
    assert market_value(abroad, 7) == 1400


def test_a_late_tick_tells_though_another_writes_daily_bars(
    abroad: Portfolio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its day has minutes alone, so it is what they say."""
    brew = make_instrument("BREW")
    bought = activity("buy", instrument=brew, at=BOUGHT, quantity="10", unit_price="50")
    record_activity(portfolio=abroad, activity=bought, recorded_at=NOW)
    store_ticks([make_tick(brew, "50", at=BOUGHT)], received_at=BOUGHT)
    assert market_value(abroad, 7) == 1200
    monkeypatch.setattr(rollups, "_may_write_days", lambda cursor: False)
    store_ticks([make_tick(brew, "75", at=BOUGHT.replace(minute=1))], received_at=NOW)
    assert stale_from(abroad) == date(2026, 1, 5)
    assert market_value(abroad, 7) == 1400


def test_a_split_told_late_changes_the_days_before_it(abroad: Portfolio, apple: Instrument) -> None:
    facts = ActionFacts(
        kind=ActionKind.SPLIT,
        ex_date=date(2026, 1, 20),
        ratio_from=1,
        ratio_to=4,
        is_in_history=True,
    )
    record_action(instrument=apple, facts=facts, source="test", recorded_at=NOW)
    assert market_value(abroad, 12) == 3200  # what is stored had been divided by four
