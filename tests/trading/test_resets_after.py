"""What a portfolio that began anew still knows: neither values, gains nor actions of before."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from market.models import CorporateAction, Instrument
from portfolio.activities import record_activity
from portfolio.bookkeeping.rebuilding import find_differences
from portfolio.corporate_actions.market_actions import book_market_actions
from portfolio.errors import ActivityRefused, NotReversible
from portfolio.models import (
    DailyValuation,
    JournalEntry,
)
from portfolio.queries import position_rows
from portfolio.recording.activity_rules import ActivityDraft
from portfolio.recording.reversals import reverse_entry
from portfolio.returns.performance import measure
from portfolio.returns.periods import PeriodRefused
from portfolio.valuation import refresh_valuations
from portfolio.valuations.checking import check_valuations
from portfolio.valuations.past_positions import positions_on
from tests.factories import make_daily_bars
from tests.trading.factories import (
    NOON,
    Clock,
    facts,
    give_units,
    leading_matcher,
    make_instrument,
    make_portfolio,
    place,
    publish_quote,
)
from tests.trading.resetting import LATER, reset

pytestmark = pytest.mark.django_db


def test_values_and_returns_begin_anew() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    give_units(portfolio, apple, "10")
    make_daily_bars(apple, ["100"] * 40, first_at=NOON.replace(day=1, month=2, hour=5))
    refresh_valuations(portfolio.id, NOON.date())
    assert DailyValuation.objects.filter(portfolio=portfolio).count() > 20
    reset(portfolio)
    assert not DailyValuation.objects.filter(portfolio=portfolio).exists()

    next_week = NOON + timedelta(days=7)
    refresh_valuations(portfolio.id, next_week.date() - timedelta(days=1))
    days = DailyValuation.objects.filter(portfolio=portfolio).order_by("date")
    assert days[0].date == NOON.date()
    assert {(day.total_value, day.cost) for day in days} == {(Decimal(50_000), Decimal(0))}
    assert facts(days[0].inflow, days[0].outflow, days[0].carried_gain) == (50_000, 0, 0)
    assert check_valuations(portfolio.id).wrong == []

    found = measure(portfolio, at=next_week)
    assert facts(found.start, found.start_value) == (NOON.date(), 0)
    assert facts(found.end_value, found.returns.total) == (50_000, 0)
    assert found.drivers is not None
    assert facts(found.drivers.identity_gap, found.drivers.realised_gain) == (0, 0)
    assert measure(portfolio, start=date(2026, 1, 1), at=next_week).start == NOON.date()
    with pytest.raises(PeriodRefused):
        measure(portfolio, end=NOON.date() - timedelta(days=1), at=next_week)


def test_gains_of_before_are_not_counted() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    give_units(portfolio, apple, "10")
    publish_quote(apple, bid="110.00", ask="111.00")
    place(portfolio, apple, side="sell", quantity="10")
    leading_matcher().work()
    assert [one.gain for one in measure(portfolio, at=LATER).realised] == [100]
    reset(portfolio, at=LATER)
    assert measure(portfolio, at=LATER + timedelta(minutes=1)).realised == []


def test_positions_tell_what_was_realised_since() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    give_units(portfolio, apple, "10")
    publish_quote(apple, bid="110.00", ask="111.00")
    place(portfolio, apple, side="sell", quantity="4")
    matcher = leading_matcher()
    matcher.work()
    assert [one.realised_gain for one in position_rows(portfolio)] == [40]
    reset(portfolio, at=LATER)
    publish_quote(apple, at=LATER)
    place(portfolio, apple, quantity="5", at=LATER)
    leading_matcher(Clock(LATER)).work()
    tomorrow = NOON.date() + timedelta(days=1)
    for rows in (
        position_rows(portfolio),
        positions_on(portfolio, NOON.date(), today=tomorrow),
    ):
        assert [facts(one.quantity, one.realised_gain) for one in rows] == [(5, 0)]
    (before,) = positions_on(portfolio, NOON.date() - timedelta(days=5), today=tomorrow)
    assert facts(before.quantity, before.weight_pct) == (10, None)


def split(instrument: Instrument, ex_date: date, **facts_: object) -> CorporateAction:
    fields = {"kind": "split", "ratio_from": 1, "ratio_to": 4, "source": "manual"} | facts_
    return CorporateAction.objects.create(instrument=instrument, ex_date=ex_date, **fields)


def test_what_actions_of_before_would_bring_is_gone() -> None:
    """Dividends that were earned and not paid, and splits that come to be known late."""
    portfolio, apple = make_portfolio(), make_instrument()
    give_units(portfolio, apple, "10")
    reset(portfolio)
    split(apple, NOON.date() - timedelta(days=3))
    split(
        apple,
        NOON.date() - timedelta(days=2),
        kind="dividend",
        ratio_from=None,
        ratio_to=None,
        amount_per_share=Decimal(1),
        currency="USD",
        pay_date=NOON.date() + timedelta(days=5),
    )
    assert book_market_actions(portfolio, [apple.id], at=NOON + timedelta(days=9)) == 0
    assert find_differences(portfolio.id) == []


def test_nothing_is_recorded_or_reversed_before_it() -> None:
    portfolio = make_portfolio()
    earlier = JournalEntry.objects.get(portfolio=portfolio)
    reset(portfolio)
    deposit = ActivityDraft(
        kind="deposit", occurred_at=NOON - timedelta(hours=1), amount=Decimal(5)
    )
    with pytest.raises(ActivityRefused) as refused:
        record_activity(portfolio=portfolio, activity=deposit, recorded_at=LATER)
    assert [one.code for one in refused.value.problems] == ["before_reset"]
    with pytest.raises(NotReversible):
        reverse_entry(portfolio=portfolio, entry_id=earlier.id, reversed_at=LATER)
