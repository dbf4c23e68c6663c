"""Days of positions: what they say, that they add up, and that only what changed is written."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.db import connection

from market.models import Bar, Instrument
from portfolio.activities import record_activity
from portfolio.bookkeeping.drafts import EntryKind
from portfolio.corporate_actions.unit_events import read_trades
from portfolio.models import DailyValuation, Portfolio, PositionValuation
from portfolio.position_days.instrument_days import InstrumentDays, note_trades
from portfolio.position_days.plain_trades import note_plain_trades
from portfolio.recording.reversals import reverse_entry
from portfolio.valuation import refresh_valuations
from portfolio.valuations.checking import check_valuations
from tests.factories import make_daily_bars, make_instrument, make_user
from tests.portfolio.factories import activity, draft_deposit, draft_trade, make_tracked, post

pytestmark = pytest.mark.django_db
FIRST, THROUGH = date(2026, 1, 5), date(2026, 3, 10)


def at(day: int, month: int = 1) -> datetime:
    return datetime(2026, month, day, 15, tzinfo=UTC)


@pytest.fixture
def portfolio() -> Portfolio:
    return make_tracked(make_user(), cash="10000")


@pytest.fixture
def apple() -> Instrument:
    made = make_instrument("AAPL")
    make_daily_bars(made, [100 + day for day in range(60)])
    return made


@pytest.fixture
def brew() -> Instrument:
    made = make_instrument("BREW")
    make_daily_bars(made, [50] * 60)
    return made


def told(portfolio: Portfolio, instrument: Instrument) -> list[str]:
    days = PositionValuation.objects.filter(portfolio=portfolio, instrument=instrument)
    return [
        f"{one.date:%m-%d}: {one.quantity:.0f} at {one.price:.2f} = {one.market_value:.2f}"
        f" cost {one.cost:.2f} in {one.inflow:.2f} out {one.outflow:.2f}"
        for one in days.order_by("date")
    ]


def versions(portfolio: Portfolio) -> dict[tuple[int, date], str]:
    """Which transaction wrote each row, and where it lies."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT instrument_id, date, ctid::text FROM portfolio_positionvaluation"
            " WHERE portfolio_id = %s",
            [portfolio.id],
        )
        return {(row[0], row[1]): row[2] for row in cursor.fetchall()}


def test_a_position_has_a_day_for_each_on_which_it_was_held_or_moved(
    portfolio: Portfolio, apple: Instrument
) -> None:
    buy = draft_trade(portfolio, apple, quantity="5", price="99", fees="1", at=at(6))
    sell = draft_trade(
        portfolio, apple, EntryKind.SELL, quantity="5", price="103", fees="2", at=at(8)
    )
    post(buy, sell, at=at(12))
    refresh_valuations(portfolio.id, THROUGH)
    assert told(portfolio, apple) == [
        "01-06: 5 at 101.00 = 505.00 cost 496.00 in 496.00 out 0.00",
        "01-07: 5 at 102.00 = 510.00 cost 496.00 in 0.00 out 0.00",
        "01-08: 0 at 103.00 = 0.00 cost 0.00 in 0.00 out 513.00",
    ]
    charges = PositionValuation.objects.order_by("date").values_list("trade_charges", flat=True)
    assert list(charges) == [1, 0, 2]


def test_trades_added_up_by_the_database_come_to_what_they_do_one_by_one(
    portfolio: Portfolio, apple: Instrument
) -> None:
    """Two of one day, one whose charges eat more than it brings, one undone, and one at a rate."""
    day, undone = at(6), draft_trade(portfolio, apple, quantity="4", at=at(8), is_settled=True)
    at_a_rate = draft_trade(portfolio, apple, quantity="2", fees="9", at=at(9))
    post(
        draft_trade(portfolio, apple, quantity="5", price="99.123456789", fees="1", at=day),
        draft_trade(portfolio, apple, EntryKind.SELL, quantity="1", price="7", fees="2", at=day),
        draft_trade(portfolio, apple, EntryKind.SELL, quantity="1", price="1", fees="3", at=at(7)),
        *(undone, replace(at_a_rate, base_rate=Decimal("0.5"))),
        at=at(12),
    )
    reverse_entry(portfolio=portfolio, entry_id=undone.id, reversed_at=at(12))
    pair = (portfolio.id, apple.id)
    (other,) = read_trades([pair], with_plain=False)[pair]
    assert other.entry_id == at_a_rate.id
    one_by_one = {apple.id: InstrumentDays()}
    plain = [one for one in read_trades([pair])[pair] if one != other]
    note_trades(one_by_one, {apple.id: plain})
    together = {apple.id: InstrumentDays()}
    note_plain_trades(together, portfolio, start=FIRST, end=THROUGH)
    charges = {on: one.trade_charges for on, one in together[apple.id].days.items()}
    assert charges == {day.date(): 3, at(7).date(): 3}
    for one in together[apple.id].days.values():
        one.trade_charges = Decimal(0)
    assert together == one_by_one
    assert together[apple.id].days[at(7).date()].inflow == 2
    nothing = {apple.id: InstrumentDays()}
    note_plain_trades(nothing, portfolio, start=at(8).date(), end=THROUGH)
    assert nothing == {apple.id: InstrumentDays()}


def test_positions_and_cash_add_up_to_the_portfolio(
    portfolio: Portfolio, apple: Instrument, brew: Instrument
) -> None:
    post(draft_trade(portfolio, apple, quantity="5", at=at(6)), at=at(12))
    post(draft_trade(portfolio, brew, quantity="8", price="49.5", at=at(9)), at=at(12))
    refresh_valuations(portfolio.id, THROUGH)
    days = list(DailyValuation.objects.filter(portfolio=portfolio))
    assert len(days) > 60
    for day in days:
        of_day = PositionValuation.objects.filter(portfolio=portfolio, date=day.date)
        known = [one.market_value for one in of_day if one.market_value is not None]
        assert sum(one.cost for one in of_day) == day.cost
        assert (day.market_value is None) == (len(known) < len(of_day))
        assert day.market_value in {None, sum(known, Decimal(0))}
    assert check_valuations(portfolio.id).wrong == []


def test_a_change_of_the_past_writes_only_what_it_made_otherwise(
    portfolio: Portfolio, apple: Instrument, brew: Instrument
) -> None:
    post(draft_trade(portfolio, apple, quantity="5", at=at(6)), at=at(12))
    post(draft_trade(portfolio, brew, quantity="8", at=at(6)), at=at(12))
    refresh_valuations(portfolio.id, THROUGH)
    before = versions(portfolio)
    post(draft_trade(portfolio, apple, quantity="1", at=at(3, 2)), at=at(11, 3))
    refresh_valuations(portfolio.id, THROUGH)
    after = versions(portfolio)
    kept = {key for key in before if before[key] == after[key]}
    assert kept == {
        (instrument, day)
        for instrument, day in before
        if instrument == brew.id or day < date(2026, 2, 1)
    }
    assert check_valuations(portfolio.id).wrong == []
    assert PositionValuation.objects.get(instrument=apple, date=THROUGH).quantity == 6


def test_nothing_new_writes_nothing(portfolio: Portfolio, apple: Instrument) -> None:
    post(draft_trade(portfolio, apple, quantity="5", at=at(6)), at=at(12))
    refresh_valuations(portfolio.id, THROUGH)
    before = versions(portfolio)
    refresh_valuations(portfolio.id, THROUGH)
    assert versions(portfolio) == before


def test_what_is_left_of_a_reversed_purchase_is_nothing(
    portfolio: Portfolio, apple: Instrument
) -> None:
    buy = draft_trade(portfolio, apple, quantity="5", at=at(6), is_settled=True)
    post(buy, at=at(12))
    refresh_valuations(portfolio.id, THROUGH)
    assert PositionValuation.objects.exists()
    reverse_entry(portfolio=portfolio, entry_id=buy.id, reversed_at=at(11, 3))
    refresh_valuations(portfolio.id, THROUGH)
    assert not PositionValuation.objects.exclude(quantity=0, market_value=0).exists()
    assert check_valuations(portfolio.id).wrong == []


def test_a_wrong_position_and_a_lost_one_are_found_and_mended(
    portfolio: Portfolio, apple: Instrument, brew: Instrument
) -> None:
    post(draft_trade(portfolio, apple, quantity="5", at=at(6)), at=at(12))
    post(draft_trade(portfolio, brew, quantity="8", at=at(6)), at=at(12))
    refresh_valuations(portfolio.id, THROUGH)
    rows = PositionValuation.objects.filter(instrument=apple)
    rows.filter(date="2026-02-03").update(income=Decimal(1))
    rows.filter(date="2026-02-05").delete()
    found = check_valuations(portfolio.id)
    assert found.wrong == [date(2026, 2, 3), date(2026, 2, 5)]
    refresh_valuations(portfolio.id, THROUGH, is_full=True)
    again = check_valuations(portfolio.id)
    assert (again.wrong, again.checksum) == ([], found.checksum)


def test_a_position_without_a_price_says_so(portfolio: Portfolio) -> None:
    bare = make_instrument("BARE")
    post(draft_deposit(portfolio, at=at(5)), at=at(6))
    post(draft_trade(portfolio, bare, quantity="5", at=at(6)), at=at(12))
    refresh_valuations(portfolio.id, date(2026, 1, 7))
    day = PositionValuation.objects.get(date="2026-01-07")
    assert (day.price, day.market_value, day.gap) == (None, None, "no_price")
    assert day.unrealised_gain is None
    make_daily_bars(bare, [100], first_at=datetime(2026, 1, 6, 5, tzinfo=UTC))
    refresh_valuations(portfolio.id, date(2026, 1, 7))
    day.refresh_from_db()
    assert (day.market_value, day.gap) == (Decimal(500), "")
    assert Bar.objects.exists()


def test_income_of_what_was_never_held_has_no_currency_effect() -> None:
    portfolio = make_tracked(make_user(), cash="10000")
    sap = make_instrument("SAP")
    sap.currency = "EUR"
    sap.save()
    draft = activity("dividend", instrument=sap, amount="12", exchange_rate="1.1", at=at(6))
    record_activity(portfolio=portfolio, activity=draft, recorded_at=at(7))
    refresh_valuations(portfolio.id, THROUGH, is_full=True)
    (day,) = PositionValuation.objects.filter(portfolio=portfolio, instrument=sap)
    assert day.income > 0
    assert day.currency_effect == 0
    assert check_valuations(portfolio.id).wrong == []
