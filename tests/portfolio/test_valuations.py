from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.models import Bar, Instrument
from portfolio.bookkeeping.amounts import ZERO
from portfolio.errors import PortfolioNotFound
from portfolio.models import DailyValuation, Portfolio
from portfolio.position_days.instrument_days import Moved
from portfolio.valuation import refresh_valuations
from portfolio.valuations.valuing import CARRY_DAYS, DayChange, Market, Priced, value_days
from tests.factories import make_daily_bars, make_instrument, make_user
from tests.portfolio.factories import NOON, draft_deposit, draft_trade, make_tracked, post

MONDAY = date(2026, 1, 5)
days = st.integers(0, 50)
numbers = st.decimals("-1000", "1000", places=4)
prices = st.decimals("0.0001", "1000", places=4)


def oracle(
    events: list[tuple[date, int, Decimal]], closes: dict[int, dict[date, Decimal]], day: date
) -> Decimal | None:
    """Value one day by walking back over each instrument's calendar."""
    total = ZERO
    for instrument in sorted({one for _, one, _ in events}):
        units = sum((added for on, one, added in events if one == instrument and on <= day), ZERO)
        if not units:
            continue
        known = (
            closes.get(instrument, {}).get(day - timedelta(days=back))
            for back in range(CARRY_DAYS + 1)
        )
        close = next((close for close in known if close is not None), None)
        if close is None:
            return None
        total += units * close
    return total


@given(
    events=st.lists(st.tuples(days, st.integers(1, 3), numbers), max_size=12),
    closes=st.dictionaries(
        st.integers(1, 3), st.dictionaries(days, prices, max_size=30), max_size=3
    ),
    start=days,
)
def test_values_are_those_of_a_plain_walk(
    events: list[tuple[int, int, Decimal]], closes: dict[int, dict[int, Decimal]], start: int
) -> None:
    dated = [(MONDAY + timedelta(days=day), one, units) for day, one, units in events]
    changes: dict[date, DayChange] = {}
    for day, instrument, units in dated:
        change = changes.setdefault(day, DayChange())
        change.units[instrument] = change.units.get(instrument, ZERO) + units
        change.cash["USD"] = change.cash.get("USD", ZERO) - units
    series = {
        one: {MONDAY + timedelta(days=day): close for day, close in known.items()}
        for one, known in closes.items()
    }
    first = MONDAY + timedelta(days=start)
    valued = list(
        value_days(
            changes,
            Moved(),
            Market(
                {one: sorted(known.items()) for one, known in series.items()},
                {one: Priced("USD") for one in (1, 2, 3)},
                {},
                "USD",
            ),
            start=first,
            through=MONDAY + timedelta(days=90),
        )
    )
    assert len(valued) == 91 - start
    for value in valued:
        assert value.market_value == oracle(dated, series, value.date)
        assert value.cash == sum((-units for day, _, units in dated if day <= value.date), ZERO)


@pytest.fixture
def portfolio(db: Any) -> Portfolio:
    return make_tracked(make_user(), cash="1000")


@pytest.fixture
def apple(db: Any) -> Instrument:
    return make_instrument("AAPL")


def at(day: int) -> datetime:
    return datetime(2026, 1, day, 15, tzinfo=UTC)


def text(value: DailyValuation) -> str:
    market_value = "none" if value.market_value is None else f"{value.market_value:.2f}"
    return (
        f"{value.date.day}: {value.cash:.2f} + {market_value}"
        f" cost {value.cost:.2f} flow {value.net_flow:.2f}"
    )


def stored(portfolio: Portfolio) -> list[str]:
    return [
        text(one) for one in DailyValuation.objects.filter(portfolio=portfolio).order_by("date")
    ]


@pytest.mark.django_db
def test_days_follow_entries_and_closes(portfolio: Portfolio, apple: Instrument) -> None:
    make_daily_bars(apple, [100, 110, 120])
    buy = draft_trade(
        portfolio, apple, quantity="5", price="99", fees="1", at=at(6), is_settled=True
    )
    post(buy, draft_deposit(portfolio, "50", at=at(9)), at=at(12))
    assert refresh_valuations(portfolio.id, date(2026, 1, 10)) == 6
    assert stored(portfolio) == [
        "5: 1000.00 + 0.00 cost 0.00 flow 1000.00",
        "6: 504.00 + 550.00 cost 496.00 flow 0.00",
        "7: 504.00 + 600.00 cost 496.00 flow 0.00",
        "8: 504.00 + 600.00 cost 496.00 flow 0.00",
        "9: 554.00 + 600.00 cost 496.00 flow 50.00",
        "10: 554.00 + 600.00 cost 496.00 flow 0.00",
    ]


@pytest.mark.django_db
def test_a_holding_without_a_close_has_no_value(portfolio: Portfolio, apple: Instrument) -> None:
    post(draft_trade(portfolio, apple, quantity="5", at=at(5), is_settled=True), at=at(12))
    make_daily_bars(apple, [100], first_at=datetime(2026, 1, 7, 5, tzinfo=UTC))
    refresh_valuations(portfolio.id, date(2026, 1, 7))
    values = [one.total_value for one in DailyValuation.objects.order_by("date")]
    assert values == [None, None, 1000]


@pytest.mark.django_db
def test_only_days_from_the_earliest_change_are_written(
    portfolio: Portfolio, apple: Instrument
) -> None:
    post(draft_deposit(portfolio, "1", at=at(6)), at=at(6))
    assert refresh_valuations(portfolio.id, date(2026, 1, 30)) == 26
    assert refresh_valuations(portfolio.id, date(2026, 1, 30)) == 4
    post(draft_deposit(portfolio, "1", at=at(20)), at=datetime(2026, 1, 31, tzinfo=UTC))
    post(draft_deposit(portfolio, "1", at=at(25)), at=datetime(2026, 1, 31, tzinfo=UTC))
    assert refresh_valuations(portfolio.id, date(2026, 1, 31)) == 12
    portfolio.refresh_from_db()
    assert portfolio.valuations_stale_from is None
    by_hand = stored(portfolio)
    refresh_valuations(portfolio.id, date(2026, 1, 31), is_full=True)
    assert stored(portfolio) == by_hand
    assert by_hand[-1] == "31: 1003.00 + 0.00 cost 0.00 flow 0.00"


@pytest.mark.django_db
def test_a_close_that_came_late_is_counted(portfolio: Portfolio, apple: Instrument) -> None:
    make_daily_bars(apple, [100, 110])
    post(draft_trade(portfolio, apple, quantity="1", at=at(5), is_settled=True), at=at(6))
    refresh_valuations(portfolio.id, date(2026, 1, 6))
    Bar.objects.filter(instrument=apple, close=110).update(close=105)
    refresh_valuations(portfolio.id, date(2026, 1, 6))
    assert DailyValuation.objects.get(date="2026-01-06").market_value == 105


@pytest.mark.django_db
def test_a_portfolio_without_entries_has_no_days(db: Any) -> None:
    portfolio = make_tracked(make_user(), cash=None)
    assert refresh_valuations(portfolio.id, NOON.date()) == 0


@pytest.mark.django_db
def test_an_unknown_portfolio_is_an_error(db: Any, portfolio: Portfolio) -> None:
    with pytest.raises(PortfolioNotFound):
        refresh_valuations(portfolio.owner_id, NOON.date())
