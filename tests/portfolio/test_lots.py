from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portfolio.bookkeeping.amounts import ZERO
from portfolio.bookkeeping.entries import EntryKind
from portfolio.lots import Closure, OpenLot, OverSold, close_in_order
from portfolio.positions import Holding, hold
from portfolio.trades import ArrivingLot, Trade
from tests.portfolio.factories import decimals

START = datetime(2020, 1, 1, tzinfo=UTC)
SALE = UUID(int=999)


def parse_lots(text: str) -> list[OpenLot]:
    """``10@100 5@120``: units at a price each, oldest first."""
    lots = []
    for index, word in enumerate(text.split()):
        quantity, price = map(Decimal, word.split("@"))
        lots.append(
            OpenLot.opened(
                lot_id=UUID(int=index),
                opened_at=START + timedelta(days=index),
                quantity=quantity,
                cost=quantity * price,
                currency="USD",
            )
        )
    return lots


def closures_text(closures: Sequence[Closure]) -> str:
    return " ".join(
        f"{one.quantity.normalize():f}@{(one.cost / one.quantity).normalize():f}"
        for one in closures
    )


def trades(*words: str) -> list[Trade]:
    """``+109=3149.20`` buys 109 for that money in all, ``-15=531.50`` sells."""
    parsed = []
    for index, word in enumerate(words):
        quantity, money = word[1:].split("=")
        parsed.append(
            Trade(
                entry_id=UUID(int=index),
                kind=EntryKind.BUY if word[0] == "+" else EntryKind.SELL,
                occurred_at=START + timedelta(days=index),
                quantity=Decimal(quantity),
                money=Decimal(money),
                currency="USD",
            )
        )
    return parsed


def figures(holding: Holding) -> tuple[Decimal, Decimal, Decimal]:
    return holding.quantity, holding.cost, holding.realised_gain


@pytest.mark.parametrize(
    ("held", "sold", "expected"),
    [
        pytest.param("10@100 5@120", "8", "8@100", id="oldest first"),
        pytest.param("10@100 5@120", "12", "10@100 2@120", id="spills into the next lot"),
        pytest.param("10@100", "10", "10@100", id="exactly all"),
        pytest.param("0.000001@7 1@8", "0.5", "0.000001@7 0.499999@8", id="fractions"),
    ],
)
def test_fifo_closes(held: str, sold: str, expected: str) -> None:
    closures = close_in_order(
        parse_lots(held),
        quantity=Decimal(sold),
        proceeds=Decimal(0),
        closing_entry_id=SALE,
        closed_at=START,
    )
    assert closures_text(closures) == expected


def test_a_sale_of_more_than_is_held_says_what_is_missing() -> None:
    with pytest.raises(OverSold) as refused:
        close_in_order(
            parse_lots("10@100"),
            quantity=Decimal(12),
            proceeds=ZERO,
            closing_entry_id=SALE,
            closed_at=START,
        )
    assert refused.value.missing == 2


def test_a_lot_used_up_says_when() -> None:
    lots = parse_lots("10@100 5@120")
    close_in_order(
        lots, quantity=Decimal(12), proceeds=ZERO, closing_entry_id=SALE, closed_at=START
    )
    assert [lot.closed_at for lot in lots] == [START, None]


# The numbers of the next five are published cases of other portfolio trackers.
def test_cost_and_gain_after_a_sale_between_purchases() -> None:
    holding = hold(trades("+109=3149.20", "-15=531.50", "+52=1684.92", "+32=959.30"))
    quantity, cost, gain = figures(holding)
    assert quantity == 178
    assert cost.quantize(Decimal("0.00001")) == Decimal("5360.04385")
    assert gain.quantize(Decimal("0.00001")) == Decimal("98.12385")
    assert (178 * 100 - cost).quantize(Decimal("0.01")) == Decimal("12439.96")


def test_cost_and_gain_after_a_sale_behind_two_purchases() -> None:
    holding = hold(trades("+109=3149.20", "+52=1684.92", "-15=531.50"))
    _, cost, gain = figures(holding)
    assert cost.quantize(Decimal("0.000001")) == Decimal("4400.743853")
    assert gain.quantize(Decimal("0.01")) == Decimal("98.12")


def test_nothing_costs_exactly_nothing() -> None:
    holding = hold(trades("+10=0.01", "-3=0.01", "-3=0.01", "-4=0.01"))
    assert figures(holding) == decimals(0, 0, Decimal("0.02"))
    assert holding.lots[0].remaining_cost == 0


def test_one_unit_of_half_a_million() -> None:
    quantity, cost, _ = figures(hold(trades("+500000=450000", "-1=0.989")))
    assert (quantity, cost) == decimals(499_999, Decimal("449999.10"))


def test_a_loss_realised_and_a_loss_left() -> None:
    quantity, cost, gain = figures(hold(trades("+300=3000", "-200=1600")))
    assert gain == -400
    assert quantity * 9 - cost == -100


def test_disposals_in_time_order_cost_what_a_textbook_says() -> None:
    lots = parse_lots("10@10 20@11 30@12")
    costs = [
        sum(
            closure.cost
            for closure in close_in_order(
                lots,
                quantity=Decimal(sold),
                proceeds=ZERO,
                closing_entry_id=SALE,
                closed_at=START,
            )
        )
        for sold in (6, 4, 2, 18, 3)
    ]
    assert sum(costs) == 356


quantities = st.decimals("0.0000000001", "100000", places=10, allow_nan=False)
moneys = st.decimals("0", "1000000", places=10, allow_nan=False)


@given(bought=st.lists(st.tuples(quantities, moneys), min_size=1, max_size=8), data=st.data())
def test_parts_sum_to_the_whole(bought: list[tuple[Decimal, Decimal]], data: st.DataObject) -> None:
    words = [f"+{quantity:f}={money:f}" for quantity, money in bought]
    held = sum(quantity for quantity, _ in bought)
    proceeds = ZERO
    while held:
        sold = min(held, data.draw(quantities))
        money = data.draw(moneys)
        words.append(f"-{sold:f}={money:f}")
        held -= sold
        proceeds += money
        if len(words) > 20:
            words.append(f"-{held:f}=0") if held else None
            break
    holding = hold(trades(*words))
    cost = sum(money for _, money in bought)
    assert figures(holding) == decimals(0, 0, proceeds - cost)
    assert sum(one.proceeds for one in holding.closures) == proceeds
    assert sum(one.cost for one in holding.closures) == cost
    assert all(lot.remaining_cost == 0 and lot.closed_at for lot in holding.lots)


@given(
    changes=st.lists(st.tuples(quantities, moneys, st.booleans()), min_size=2, max_size=14),
    cut=st.integers(1, 13),
)
def test_two_batches_amount_to_what_one_does(
    changes: list[tuple[Decimal, Decimal, bool]], cut: int
) -> None:
    words, held = [], ZERO
    for quantity, money, is_sale in changes:
        if is_sale and held:
            sold = min(held, quantity)
            words.append(f"-{sold:f}={money:f}")
            held -= sold
        else:
            words.append(f"+{quantity:f}={money:f}")
            held += quantity
    at_once = hold(trades(*words))
    first = hold(trades(*words)[:cut])
    second = hold(trades(*words)[cut:], lots=[lot for lot in first.lots if not lot.closed_at])
    assert at_once.cost == first.cost + second.cost
    assert at_once.realised_gain == first.realised_gain + second.realised_gain
    assert at_once.closures == first.closures + second.closures


@given(
    changes=st.lists(st.tuples(st.integers(1, 9), st.booleans()), min_size=1, max_size=8),
    data=st.data(),
)
def test_at_one_moment_nothing_is_missing_that_comes_in_whatever_was_recorded_first(
    changes: list[tuple[int, bool]], data: st.DataObject
) -> None:
    words = [f"{'-' if is_sale else '+'}{units}={units}" for units, is_sale in changes]
    shuffled = data.draw(st.permutations(words))
    came = sum(units for units, is_sale in changes if not is_sale)
    gone = sum(units for units, is_sale in changes if is_sale)
    at_once = [replace(trade, occurred_at=START) for trade in trades(*shuffled)]
    holding = hold(at_once)
    missing = sum(move.missing_quantity for move in holding.moves)
    assert missing == max(gone - came, 0)
    assert holding.quantity == max(came - gone, 0)
    assert (holding.latest_trade_at, holding.latest_entry_id) == at_once[-1].order


@pytest.mark.parametrize("bought_id", [1, 2**128 - 1])
def test_of_lots_of_one_day_the_one_that_was_here_first_is_used_first(bought_id: int) -> None:
    """Whatever the ids are: a copy of the books has others."""
    first = datetime(2026, 1, 5, tzinfo=UTC)

    def trade(number: int, kind: EntryKind, days: int, quantity: int, money: int) -> Trade:
        return Trade(
            entry_id=UUID(int=number),
            kind=kind,
            occurred_at=first + timedelta(days=days),
            quantity=Decimal(quantity),
            money=Decimal(money),
            currency="USD",
        )

    carried = ArrivingLot(Decimal(4), Decimal(80), Decimal(80), first, UUID(int=7))
    arrival = trade(5, EntryKind.TRANSFER_IN, 3, 4, 0)
    trades = [
        trade(bought_id, EntryKind.BUY, 0, 10, 100),
        replace(arrival, arriving=(carried,)),
        trade(20, EntryKind.SELL, 5, 3, 60),
    ]
    (closure,) = hold(trades).closures
    assert (closure.lot_id, closure.cost) == (UUID(int=bought_id), Decimal(30))
