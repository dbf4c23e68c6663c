"""The pure figures against cases that others published; numbers in the comments name theirs."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portfolio.bookkeeping.amounts import ZERO
from portfolio.bookkeeping.entries import EntryKind
from portfolio.returns import risk
from portfolio.returns.gains import InstrumentGains, Method, gains_of
from portfolio.returns.money_weighted import NoRate, xirr
from portfolio.returns.time_weighted import (
    DayPoint,
    DayReturn,
    annualised,
    by_month,
    by_year,
    chain,
)
from portfolio.trades import Trade

START = date(2024, 1, 1)


def D(text: str | int) -> Decimal:  # noqa: N802 -- shorter than the numbers around it
    return Decimal(text)


def trades(*rows: tuple[str, str | int, str | int]) -> list[Trade]:
    """Trades one after the other: side, units, money."""
    return [
        Trade(
            UUID(int=index),
            EntryKind(side),
            datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=index),
            D(quantity),
            D(money),
            "USD",
        )
        for index, (side, quantity, money) in enumerate(rows)
    ]


def gains(method: Method, *rows: tuple[str, str | int, str | int]) -> InstrumentGains:
    return gains_of(1, trades(*rows), method)


def realised(found: InstrumentGains) -> Decimal:
    return sum((one.gain for one in found.realised), ZERO)


def returns(*cumulative: str) -> list[DayReturn]:
    return [
        DayReturn(START + timedelta(days=index), ZERO, D(value))
        for index, value in enumerate(cumulative)
    ]


@pytest.mark.parametrize("method", [Method.FIFO, Method.AVERAGE])
def test_first_in_first_out_and_average_agree_when_the_first_lot_is_sold_alone(
    method: Method,
) -> None:
    found = gains(
        method, ("buy", 109, "3149.20"), ("sell", 15, "531.50"), ("buy", 52, "1684.92"),
        ("buy", 32, "959.30"),
    )  # fmt: skip
    assert round(found.costs[-1][1], 5) == D("5360.04385")
    assert round(realised(found), 5) == D("98.12385")


@pytest.mark.parametrize(
    ("method", "cost", "gain"),
    [
        (Method.FIFO, "4400.743853", "98.123853"),
        (Method.AVERAGE, "4383.736149", "81.116149"),
    ],
)
def test_the_method_decides_what_a_sale_realises(method: Method, cost: str, gain: str) -> None:
    found = gains(
        method, ("buy", 109, "3149.20"), ("buy", 52, "1684.92"), ("sell", 15, "531.50")
    )  # fmt: skip
    assert round(found.costs[-1][1], 6) == D(cost)
    assert round(realised(found), 6) == D(gain)


@pytest.mark.parametrize("method", list(Method))
def test_nothing_left_costs_exactly_nothing(method: Method) -> None:
    found = gains(
        method, ("buy", 10, "0.01"), ("sell", 3, "0.01"), ("sell", 3, "0.01"), ("sell", 4, "0.01")
    )
    assert found.costs[-1][1] == 0
    assert realised(found) == D("0.02")


def test_the_running_average_follows_each_trade() -> None:
    found = gains(
        Method.AVERAGE, ("buy", 2, 20), ("sell", 1, 15), ("buy", 1, 30), ("sell", "1.5", 15),
        ("buy", 3, 60), ("sell", 2, 60), ("sell", "1.5", 15),
    )  # fmt: skip
    assert [cost for _, cost in found.costs] == [D(n) for n in (20, 10, 40, 10, 70, 30, 0)]
    assert [one.gain for one in found.realised] == [D(n) for n in (5, -15, 20, -15)]


@pytest.mark.parametrize(
    ("method", "lots", "sales", "cost"),
    [
        (Method.FIFO, [(10, 10), (20, 11), (30, 12)], [6, 4, 2, 18, 3], 356),
        (Method.LIFO, [(10, 10), (20, 11), (30, 12)], [7, 23, 19, 1, 9], 670),
        (Method.HIFO, [(10, 10), (20, 12), (30, 11)], [15, 5, 20, 10, 7], 640),
    ],
)
def test_sales_use_the_lots_of_their_method(
    method: Method, lots: list[tuple[int, int]], sales: list[int], cost: int
) -> None:
    bought = [("buy", units, units * unit_cost) for units, unit_cost in lots]
    found = gains(method, *bought, *(("sell", units, 0) for units in sales))
    assert sum(one.cost for one in found.realised) == cost


def test_what_was_never_acquired_realises_nothing() -> None:
    found = gains(Method.LIFO, ("buy", 1, 1), ("sell", 2, 4))
    assert sum(one.gain for one in found.realised) == 1
    assert found.costs[-1][1] == 0


@given(
    st.lists(
        st.tuples(
            st.booleans(), st.decimals("0.01", "100", places=2), st.decimals(0, "999", places=2)
        ),
        max_size=20,
    ),
    st.sampled_from(Method),
)
def test_what_went_in_is_what_was_used_and_what_is_left(
    rows: list[tuple[bool, Decimal, Decimal]], method: Method
) -> None:
    held, made = ZERO, []
    for is_sale, units, money in rows:
        if is_sale and held:
            used = min(units, held)
            made.append(("sell", str(used), str(money)))
            held -= used
        else:
            made.append(("buy", str(units), str(money)))
            held += units
    found = gains(method, *made)
    bought = sum((D(money) for side, _, money in made if side == "buy"), ZERO)
    left = found.costs[-1][1] if found.costs else ZERO
    assert sum((one.cost for one in found.realised), ZERO) + left == bought
    assert held or left == 0


@pytest.mark.parametrize(
    ("flows", "rate"),
    [
        ([("2010-01-01", -200), ("2010-12-31", 210)], "0.05014075"),
        (
            [
                *[("2002-11-30", -4398), ("2007-06-11", 200), ("2008-05-11", 270)],
                *[("2009-05-01", 280), ("2010-06-01", 280), ("2011-05-02", 300)],
                *[("2012-04-30", 330), ("2012-12-06", 14508)],
            ],
            "0.1444390",
        ),
        (
            [
                *[("2018-06-10", 20000), ("2015-07-21", -9000), ("2015-06-11", -1000)],
                ("2015-10-17", -3000),
            ],
            "0.16353716",
        ),
    ],
)
def test_money_weighted_rates_of_published_cases(flows: list[tuple[str, int]], rate: str) -> None:
    found = xirr([(date.fromisoformat(day), D(amount)) for day, amount in flows])
    assert abs(found - D(rate)) < Decimal("1E-7")


@pytest.mark.parametrize(
    ("flows", "reason"),
    [
        ([], "no_flows"),
        ([(START, 0), (START + timedelta(days=9), 0)], "no_flows"),
        ([(START, 100), (START + timedelta(days=9), 5)], "one_sided"),
        ([(START, -100)], "one_sided"),
        ([(START, -100), (START, 100)], "no_flows"),
    ],
)
def test_flows_without_a_rate_say_why(flows: list[tuple[date, int]], reason: str) -> None:
    with pytest.raises(NoRate) as refused:
        xirr([(day, D(amount)) for day, amount in flows])
    assert refused.value.reason == reason


def test_a_deposit_earns_nothing_on_its_day() -> None:
    days = [DayPoint(START, D(110))]
    days += [DayPoint(START + timedelta(days=index), D(110)) for index in range(1, 8)]
    days += [DayPoint(START + timedelta(days=8), D(210), inflow=D(100))]
    found = chain(days, start_value=D(100))
    assert [found.days[-2].cumulative, found.days[-1].cumulative] == [D("0.1"), D("0.1")]


def test_days_without_a_price_are_passed_over_until_money_moves() -> None:
    points = [DayPoint(START, D(110)), DayPoint(START + timedelta(days=1), None)]
    points.append(DayPoint(START + timedelta(days=2), D(121)))
    assert chain(points, start_value=D(100)).total == D("0.21")
    flowing = [*points[:2], DayPoint(START + timedelta(days=2), D(221), inflow=D(100))]
    broken = chain(flowing, start_value=D(100))
    assert (broken.total, broken.broken_on) == (None, START + timedelta(days=2))
    assert broken.days[0].cumulative == D("0.1")


def test_a_period_that_ends_without_a_price_has_no_return() -> None:
    points = [DayPoint(START, D(110)), DayPoint(START + timedelta(days=1), None)]
    found = chain(points, start_value=D(100))
    assert (found.total, found.broken_on) == (None, START + timedelta(days=1))


def test_a_gain_on_nothing_is_no_return_and_noticed_once() -> None:
    found = chain(
        [DayPoint(START, D(1)), DayPoint(START + timedelta(days=1), D(1))], start_value=ZERO
    )
    assert found.total == 0
    assert found.without_capital == [START]


def test_a_debt_gives_finite_returns() -> None:
    points = [DayPoint(START, D(-50)), DayPoint(START + timedelta(days=1), D(1000), inflow=D(1050))]
    found = chain(points, start_value=ZERO)
    assert found.total == 0
    assert found.without_capital == [START]


@given(
    st.lists(st.decimals("0.5", "2", places=4), min_size=1, max_size=30),
    st.lists(st.decimals(0, "1000", places=2), min_size=30, max_size=30),
)
def test_flows_do_not_change_the_return(factors: list[Decimal], deposits: list[Decimal]) -> None:
    value, growth = D(100), D(1)
    points: list[DayPoint] = []
    for index, factor in enumerate(factors):
        growth *= factor
        value = (value + deposits[index]) * factor
        points.append(DayPoint(START + timedelta(days=index), value, inflow=deposits[index]))
    total = chain(points, start_value=D(100)).total
    assert total is not None
    assert abs(total - (growth - 1)) < Decimal("1E-18") * max(growth, D(1))


def test_returns_of_parts_of_a_year_become_those_of_a_year() -> None:
    found = annualised(D("0.1025"), days=65)
    assert found is not None
    assert abs(found - D("0.729705")) < Decimal("1E-6")
    assert annualised(D("0.05"), days=365) == D("0.05")
    assert annualised(D(-1), days=10) is None
    assert annualised(D("0.1"), days=0) is None


def test_the_deepest_fall_is_measured_from_the_high_before_it() -> None:
    fall = risk.max_drawdown(returns("0", ".1", ".2", "-1.4"))
    assert round(fall.depth, 12) == round(D(4) / D(3), 12)
    assert (fall.high_date, fall.low_date) == (START + timedelta(days=2), START + timedelta(days=3))
    assert risk.max_drawdown(returns("1", "1", "-.5", "1", "1", "2", "3")).depth == D("0.75")
    assert risk.max_drawdown(returns("0", "1", "2")).depth == 0
    assert risk.max_drawdown([]).depth == 0


def test_each_day_stands_below_its_high() -> None:
    assert risk.drawdowns(returns("0", "1", "0", "3")) == [0, 0, D("0.5"), 0]


def test_swings_are_of_a_year() -> None:
    daily = [D("0.01"), D("-0.01"), D("0.01"), D("-0.01")]
    swings = risk.volatility(daily)
    assert swings is not None
    assert abs(float(swings) - (0.0004 / 3 * 252) ** 0.5) < 1e-12
    falls = risk.downside_deviation(daily)
    assert falls is not None
    assert abs(float(falls) - (0.0002 / 4 * 252) ** 0.5) < 1e-12
    assert risk.volatility([D(1)]) is None
    assert risk.ratio(D("0.1"), ZERO) is None
    assert risk.ratio(D("0.1"), D("0.2")) == D("0.5")


def test_weekends_do_not_calm_the_figures() -> None:
    days = [DayReturn(START + timedelta(days=index), D(index), ZERO) for index in range(7)]
    assert risk.weekday_returns(days) == [0, 1, 2, 3, 4]


def test_months_and_years_link_to_the_whole() -> None:
    days = [
        DayReturn(date(2023, 12, 31), D("0.1"), ZERO),
        DayReturn(date(2024, 1, 1), D("0.1"), ZERO),
        DayReturn(date(2024, 1, 2), D("0.1"), ZERO),
    ]
    months = by_month(days)
    assert [(one.year, one.month, one.value) for one in months] == [
        (2023, 12, D("0.1")),
        (2024, 1, D("0.21")),
    ]
    assert by_year(months) == {2023: D("0.1"), 2024: D("0.21")}
