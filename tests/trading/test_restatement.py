"""What an order is after a split: rounding by FINRA rule 5330, and what cannot stand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trading.factories import facts
from trading.changing.restatement import NotRestated, restate, story
from trading.shards.batches import PRICE_STEPS, Listing, WorkingOrder
from trading.shards.split_terms import SplitTerms
from trading.states import OrderType, Side, TimeInForce

ORDER = WorkingOrder(
    id=UUID(int=1),
    portfolio_id=UUID(int=2),
    owner_id=UUID(int=3),
    instrument_id=4,
    currency="USD",
    listing=Listing("XNAS", "America/New_York", Decimal("0.01"), Decimal(1)),
    side=Side.BUY,
    type=OrderType.LIMIT,
    time_in_force=TimeInForce.GTC,
    quantity=Decimal(10),
    filled_quantity=Decimal(0),
    worst_price=Decimal("90.01"),
    schedule="free",
    expires_at=None,
)


def terms(words: str) -> SplitTerms:
    ratio_to, ratio_from = map(int, words.split(" for "))
    return SplitTerms(
        split_id=UUID(int=5), ratio_from=ratio_from, ratio_to=ratio_to, ex_date=date(2026, 3, 5)
    )


def restated(
    words: str, *, left: str | None = None, mark: str | None = None, **fields: Any
) -> WorkingOrder:
    numbers: dict[str, Any] = {
        name: Decimal(value) if name in {"quantity", "worst_price", "stop_price"} else value
        for name, value in fields.items()
    }
    order = replace(ORDER, **numbers)
    return restate(
        order,
        left=order.quantity if left is None else Decimal(left),
        mark=None if mark is None else int(Decimal(mark) * PRICE_STEPS),
        split=terms(words),
        band_factor=2,
    )


@pytest.mark.parametrize(
    ("side", "kind", "limit", "stop"),
    [
        # 90.01 / 4 = 22.5025 and 80.03 / 4 = 20.0075
        (Side.BUY, OrderType.LIMIT, "22.50", None),
        (Side.SELL, OrderType.LIMIT, "22.51", None),
        (Side.SELL, OrderType.STOP_LIMIT, "22.51", "20.00"),
        (Side.BUY, OrderType.STOP_LIMIT, "22.50", "20.01"),
    ],
)
def test_no_price_moves_towards_the_market(
    side: Side, kind: OrderType, limit: str, stop: str | None
) -> None:
    found = restated("4 for 1", side=side, type=kind, stop_price="80.03")
    assert facts(found.quantity, found.worst_price) == (40, Decimal(limit))
    if stop is not None:
        assert found.stop_price == Decimal(stop)


def test_odd_ratios_round_down_to_whole_lots() -> None:
    found = restated("3 for 2", quantity="15", left="5")
    # 10 had filled and are 15 now; 7.5 of what was left are 7.
    assert facts(found.filled_quantity, found.quantity) == (15, 22)
    told = story(
        replace(ORDER, quantity=Decimal(15), filled_quantity=Decimal(10)), found, terms("3 for 2")
    )
    assert told == (
        "A split of 3 for 2 took effect on 2026-03-05: quantity 15 → 22, filled 10 → 15,"
        " limit 90.01 → 60."
    )


@pytest.mark.parametrize(
    ("side", "stop", "mark"), [("sell", "24.74", "25"), ("buy", "25.26", "25")]
)
def test_a_trailing_stop_keeps_its_mark_and_its_distance(side: str, stop: str, mark: str) -> None:
    found = restated(
        "4 for 1",
        side=Side(side),
        type=OrderType.TRAILING_STOP,
        trail_amount=Decimal("1.01"),
        stop_price="98.99",
        worst_price="104",
        mark="100",
    )
    # 1.01 / 4 = 0.2525, farther away: 0.26.
    assert (found.trail_amount, found.water_mark) == (Decimal("0.26"), Decimal(mark))
    assert found.stop_price == Decimal(stop)


def test_what_it_waited_for_ends_no_order_that_was_triggered() -> None:
    found = restated(
        "10 for 1",
        type=OrderType.TRAILING_STOP,
        trail_amount=Decimal("0.05"),
        stop_price="0.03",
        is_triggered=True,
    )
    assert facts(found.quantity, found.worst_price) == (100, 9)
    assert facts(found.trail_amount, found.stop_price) == (Decimal("0.01"), Decimal("0.01"))


@pytest.mark.parametrize(
    ("words", "fields", "reason"),
    [
        ("1 for 10", {}, "orders of before end with a reverse split"),
        ("4 for 1", {"worst_price": "0.01"}, "too far from any multiple of 0.01"),
        ("4 for 1", {"worst_price": "0.01", "side": Side.SELL}, "too far from any"),
        ("3 for 2", {"quantity": "0.5"}, "less than a lot"),
        (
            "4 for 1",
            {"type": OrderType.STOP, "stop_price": "0.05", "worst_price": "0.06"},
            "beyond what it may pay",
        ),
    ],
)
def test_what_cannot_stand_says_why(words: str, fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(NotRestated, match=reason):
        restated(words, **fields)


@given(
    ratio=st.tuples(st.integers(2, 100), st.integers(1, 99)).filter(lambda it: it[0] > it[1]),
    sizes=st.tuples(st.integers(1, 10_000), st.integers(0, 9_999)).filter(lambda it: it[1] < it[0]),
    cents=st.integers(1, 1_000_000),
    side=st.sampled_from(Side),
)
def test_a_buy_never_needs_more_money_and_nothing_leaves_the_grid(
    ratio: tuple[int, int], sizes: tuple[int, int], cents: int, side: Side
) -> None:
    (ratio_to, ratio_from), (quantity, filled) = ratio, sizes
    left, price = Decimal(quantity - filled), Decimal(cents) / 100
    try:
        found = restated(
            f"{ratio_to} for {ratio_from}",
            quantity=str(quantity),
            left=str(left),
            worst_price=str(price),
            side=side,
        )
    except NotRestated:
        assert price * ratio_from / ratio_to < Decimal("0.02")
        return
    remaining = found.quantity - found.filled_quantity
    assert facts(remaining % 1, found.worst_price % Decimal("0.01")) == (0, 0)
    assert left <= remaining <= left * ratio_to / ratio_from
    assert filled <= found.filled_quantity <= Decimal(filled) * ratio_to / ratio_from
    if side is Side.BUY:
        assert remaining * found.worst_price <= left * price
    else:
        assert found.worst_price * ratio_to >= price * ratio_from
