"""What several happenings of one batch come to, each also compared with the plain market."""

from __future__ import annotations

from tests.trading.pure_floor import PureFloor
from trading.states import OrderClass, Status

# What ``PureFloor.place`` and ``place_group`` make of these numbers.
BUY, SELL = 1, 7  # limit orders until cancelled
SELL_AT_MARKET, BUY_AT_CLOSE, BUY_IN_EXTENDED_HOURS = 42, 4, 12
BRACKET = 0
ALICE, BOB = 0, 1


def stands(floor: PureFloor) -> list[tuple[Status, int]]:
    """Every order, first come first, with the lots that it has filled."""
    return [
        (known.status, int(known.order.filled_quantity.scaleb(6))) for known in floor.known.values()
    ]


def test_an_entry_that_two_waiting_orders_fill_wakes_its_exits_once() -> None:
    floor = PureFloor()
    floor.quote(0, 0, 1)
    floor.place(ALICE, 0, SELL_AT_MARKET, 0, 3)
    floor.place(ALICE, 0, SELL_AT_MARKET, 0, 4)
    floor.match()

    floor.place_group(BOB, 0, BRACKET, -10, 6)
    floor.match()

    profit, loss, entry = [
        known for known in floor.known.values() if known.order.order_class is OrderClass.BRACKET
    ]
    assert (profit.status, loss.status, entry.status) == (Status.NEW, Status.HELD, Status.FILLED)
    assert profit.order.quantity == loss.order.quantity == entry.order.quantity


def test_an_order_that_fills_and_is_made_smaller_at_once() -> None:
    floor = PureFloor()
    floor.place(ALICE, 0, SELL, 2, 20)
    floor.match()

    floor.quote(0, 4, 5)
    floor.replace(0, 9, 10)
    floor.match()

    assert stands(floor) == [(Status.REPLACED, 5), (Status.NEW, 0)]
    assert floor.working()[0].order.quantity.scaleb(6) == 5


def test_an_order_met_by_who_waited_for_the_opening_and_then_by_the_street() -> None:
    floor = PureFloor()
    floor.place(BOB, 0, BUY, -5, 9)
    floor.match()
    floor.wait(95)
    floor.place(ALICE, 0, SELL, -8, 4)
    floor.match()

    floor.wait(30)
    floor.quote(0, -10, 20)
    floor.match()

    assert stands(floor) == [(Status.FILLED, 9), (Status.FILLED, 4)]


def test_what_an_auction_used_of_a_quote_stays_used_over_a_restart() -> None:
    floor = PureFloor()
    floor.place(BOB, 0, BUY_AT_CLOSE, 10, 25)
    floor.match()
    floor.wait(60)
    floor.quote(0, 0, 20)  # and ten more two steps above
    floor.match()

    floor.rebuild()
    floor.place(BOB, 0, BUY_IN_EXTENDED_HOURS, 10, 10)
    floor.match()

    assert stands(floor) == [(Status.FILLED, 25), (Status.PARTIALLY_FILLED, 5)]


def test_an_exit_and_its_entry_replaced_at_once_still_belong_together() -> None:
    floor = PureFloor()
    floor.place_group(ALICE, 0, BRACKET, -10, 6)
    floor.match()

    floor.replace(2, -8, 6)  # the entry
    floor.replace(0, 20, 6)  # its take-profit
    floor.match()
    floor.quote(0, -12, 20)
    floor.match()

    assert sorted(known.status for known in floor.working()) == [Status.HELD, Status.NEW]


def test_who_came_while_the_market_was_closed_comes_before_who_comes_after() -> None:
    floor = PureFloor()
    floor.wait(93)
    floor.place(ALICE, 0, SELL, 0, 5)
    floor.place(BOB, 0, BUY, 1, 5)
    floor.match()

    floor.wait(30)  # it opens, and no price has come yet
    floor.place(BOB, 0, BUY, 2, 5)
    floor.match()

    assert stands(floor) == [(Status.FILLED, 5), (Status.FILLED, 5), (Status.NEW, 0)]
