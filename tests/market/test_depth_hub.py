"""Books and tapes that sockets follow: conflated, coalesced, bounded, and no burden to others."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from market.depth.depth_hub import DepthHub
from market.depth.depth_mailbox import DepthMailbox
from market.depth.order_books import RestingLevel, RestingOrders
from market.live.hub_socket import HubSocket
from tests.market.hub_desk import NAMES, Desk, read, wire

LEVELS, TRADES = 3, 5


class DepthDesk(Desk):
    """The desk with books and tapes, begun as if the database had been read."""

    def __init__(self) -> None:
        super().__init__()
        self.depth = DepthHub(prices=self.hub, levels=LEVELS, trades=TRADES)
        self.mailboxes: dict[HubSocket, DepthMailbox] = {}

    def follow(
        self, socket: HubSocket, *, book: str | None = None, trades: str | None = None
    ) -> None:
        mailbox = self.mailboxes.get(socket)
        if mailbox is None:
            mailbox = self.mailboxes[socket] = DepthMailbox(self.depth, wake=socket.wake)
            socket.depth = mailbox
        if book:
            mailbox.follow_book(NAMES.index(book) + 1)
            self.depth.books[NAMES.index(book) + 1].has_begun = True
        if trades:
            mailbox.follow_tape(NAMES.index(trades) + 1)
            self.depth.tapes[NAMES.index(trades) + 1].has_begun = True

    def quote(self, symbol: str, bid: str, ask: str) -> None:
        levels = {"bid_levels": [[bid, "10"]], "ask_levels": [[ask, "20"]]}
        self.hub.apply([wire(symbol, bid, at=self.clock()) | levels])

    def trade(self, symbol: str, *prices: str, second: float | None = None) -> None:
        at = self.clock() if second is None else second
        self.depth.take_in_ticks([tick(symbol, price, at=at) for price in prices])

    def flush(self) -> None:
        super().flush()
        self.depth.flush()


_numbers = iter(range(1, 10_000))


def tick(symbol: str, price: str, *, at: float) -> dict[str, Any]:
    return {
        "instrument_id": NAMES.index(symbol) + 1,
        "id": f"t{next(_numbers):05}",
        "symbol": symbol,
        "price": price,
        "size": "1",
        "occurred_at": datetime.fromtimestamp(at, UTC).isoformat(),
    }


def traded(frame: dict[str, Any]) -> list[str]:
    return [trade["price"] for trade in frame["trades"]]


@pytest.fixture
def desk() -> DepthDesk:
    return DepthDesk()


def frames_after_flush(desk: DepthDesk, socket: HubSocket) -> list[dict[str, Any]]:
    desk.flush()
    return read(socket)


def test_a_follower_gets_the_whole_book_at_once(desk: DepthDesk) -> None:
    desk.quote("AAPL", "9.99", "10.01")
    socket = desk.open()
    desk.follow(socket, book="AAPL")
    (frame,) = frames_after_flush(desk, socket)
    assert (frame["type"], frame["symbol"]) == ("book", "AAPL")
    assert (frame["spread"], frame["mid"], frame["is_stale"]) == ("0.02", "10", False)
    assert frame["bids"] == [
        {
            "price": "9.99",
            "size": "10",
            "street_size": "10",
            "user_size": "0",
            "orders": 0,
            "cumulative_size": "10",
        }
    ]
    assert frames_after_flush(desk, socket) == []


def test_changes_in_between_are_conflated(desk: DepthDesk) -> None:
    socket = desk.open()
    desk.follow(socket, book="AAPL")
    for bid in ("1", "2", "3"):
        desk.quote("AAPL", bid, "10")
    (frame,) = frames_after_flush(desk, socket)
    assert frame["bid"] == "3"


def test_resting_orders_change_the_book_without_a_quote(desk: DepthDesk) -> None:
    desk.quote("AAPL", "9", "11")
    socket = desk.open()
    desk.follow(socket, book="AAPL")
    frames_after_flush(desk, socket)
    level = RestingLevel(Decimal(10), Decimal(4), orders=2)
    desk.depth.books[1].replace_resting(RestingOrders(bids=(level,)))
    (frame,) = frames_after_flush(desk, socket)
    assert [(row["price"], row["orders"]) for row in frame["bids"]] == [("10", 2), ("9", 0)]
    desk.depth.books[1].replace_resting(RestingOrders(bids=(level,)))
    assert frames_after_flush(desk, socket) == []


def test_a_book_turns_stale_with_its_quote(desk: DepthDesk) -> None:
    desk.quote("AAPL", "9", "11")
    socket = desk.open()
    desk.follow(socket, book="AAPL")
    assert frames_after_flush(desk, socket)[0]["is_stale"] is False
    desk.clock.seconds += 16
    desk.hub.mark_stale()
    assert frames_after_flush(desk, socket)[0]["is_stale"] is True


def test_nothing_is_sent_before_the_orders_were_read(desk: DepthDesk) -> None:
    desk.quote("AAPL", "9", "11")
    socket = desk.open()
    desk.follow(socket, book="AAPL")
    desk.depth.books[1].has_begun = False
    assert frames_after_flush(desk, socket) == []
    desk.depth.books[1].replace_resting(RestingOrders())
    assert len(frames_after_flush(desk, socket)) == 1


def test_a_tape_begins_whole_and_goes_on_with_what_is_new(desk: DepthDesk) -> None:
    socket = desk.open()
    desk.follow(socket, trades="AAPL")
    desk.trade("AAPL", "10", "11")
    (first,) = frames_after_flush(desk, socket)
    assert (first["type"], first["is_snapshot"], traded(first)) == ("trades", True, ["11", "10"])
    desk.trade("AAPL", "10.5")
    desk.trade("MSFT", "99")
    (second,) = frames_after_flush(desk, socket)
    assert (second["is_snapshot"], traded(second)) == (False, ["10.5"])
    assert second["trades"][0]["change"] == "-0.5"
    assert second["seq"] > first["seq"]


def test_the_same_trade_again_is_none(desk: DepthDesk) -> None:
    socket = desk.open()
    desk.follow(socket, trades="AAPL")
    once = tick("AAPL", "10", at=desk.clock())
    desk.depth.take_in_ticks([once])
    frames_after_flush(desk, socket)
    desk.depth.take_in_ticks([once, once])
    assert frames_after_flush(desk, socket) == []


def test_a_late_trade_takes_its_place_in_time(desk: DepthDesk) -> None:
    socket = desk.open()
    desk.follow(socket, trades="AAPL")
    desk.trade("AAPL", "12", second=200)
    frames_after_flush(desk, socket)
    desk.trade("AAPL", "10", second=100)
    (frame,) = frames_after_flush(desk, socket)
    assert traded(frame) == ["10"]
    assert [str(trade.price) for trade in desk.depth.tapes[1].trades] == ["12", "10"]


@pytest.mark.parametrize(("missed", "is_snapshot"), [(TRADES, False), (TRADES + 1, True)])
def test_who_missed_more_than_the_tape_is_long_begins_anew(
    desk: DepthDesk, missed: int, is_snapshot: bool
) -> None:
    socket = desk.open()
    desk.follow(socket, trades="AAPL")
    desk.trade("AAPL", "1")
    frames_after_flush(desk, socket)
    for number in range(missed):
        desk.trade("AAPL", str(10 + number), second=desk.clock() + number)
    (frame,) = frames_after_flush(desk, socket)
    assert frame["is_snapshot"] is is_snapshot
    assert len(frame["trades"]) == TRADES


def test_another_symbol_takes_the_place_of_the_first(desk: DepthDesk) -> None:
    desk.quote("AAPL", "9", "11")
    desk.quote("MSFT", "19", "21")
    socket = desk.open()
    desk.follow(socket, book="AAPL", trades="AAPL")
    desk.follow(socket, book="MSFT", trades="MSFT")
    assert (set(desk.depth.books), set(desk.depth.tapes)) == ({2}, {2})
    book, tape = frames_after_flush(desk, socket)
    assert (book["symbol"], tape["symbol"], tape["trades"]) == ("MSFT", "MSFT", [])


def test_what_nobody_follows_is_not_kept(desk: DepthDesk) -> None:
    first, second = desk.open(), desk.open()
    for socket in (first, second):
        desk.follow(socket, book="AAPL", trades="AAPL")
    desk.mailboxes[first].leave()
    assert desk.depth.traded == {1}
    desk.mailboxes[second].leave()
    assert (desk.depth.books, desk.depth.tapes, desk.depth.traded) == ({}, {}, frozenset())
    desk.trade("AAPL", "10")
    desk.flush()


def test_followers_share_the_text(desk: DepthDesk) -> None:
    desk.quote("AAPL", "9", "11")
    first, second = desk.open(), desk.open()
    for socket in (first, second):
        desk.follow(socket, book="AAPL")
    desk.flush()
    book = desk.depth.books[1]
    read(first)
    assert book.text("AAPL") is book.text("AAPL")
    assert read(second)[0]["bid"] == "9"


def test_a_reader_that_lags_is_owed_one_book_and_the_trades_together(desk: DepthDesk) -> None:
    socket = desk.open("AAPL")
    read(socket)
    desk.follow(socket, book="AAPL", trades="AAPL")
    for number in range(4):
        desk.quote("AAPL", str(number + 1), "10")
        desk.trade("AAPL", str(number + 1))
        desk.flush()
    frames = read(socket)
    assert sorted(frame["type"] for frame in frames) == ["book", "trades", "update"]
    assert [frame["seq"] for frame in frames] == sorted({frame["seq"] for frame in frames})
    by_type = {frame["type"]: frame for frame in frames}
    assert by_type["book"]["bid"] == "4"
    assert traded(by_type["trades"]) == ["4", "3", "2", "1"]


def test_prices_and_depth_take_turns_with_a_slow_reader(desk: DepthDesk) -> None:
    socket = desk.open("AAPL")
    read(socket)
    desk.follow(socket, book="AAPL")
    kinds, seqs = [], []
    for number in range(6):
        desk.quote("AAPL", str(number + 1), "10")
        desk.flush()
        text = socket.take()  # one frame an interval is all that it can take
        assert text is not None
        kind, seq = (
            text.split('"type":"')[1].split('"')[0],
            int(text.split('"seq":')[1].split(",")[0]),
        )
        kinds.append(kind)
        seqs.append(seq)
    assert set(kinds) == {"book", "update"}
    assert abs(kinds.count("book") - kinds.count("update")) <= 1
    assert seqs == sorted(set(seqs))


def test_acknowledgements_count_depth_frames_too(desk: DepthDesk) -> None:
    desk.quote("AAPL", "9", "11")
    socket = desk.open()
    desk.follow(socket, book="AAPL")
    (frame,) = frames_after_flush(desk, socket)
    socket.acknowledge(frame["seq"])
    desk.quote("AAPL", "9.5", "11")
    frames_after_flush(desk, socket)
    desk.clock.seconds += 15
    desk.hub.sweep()
    assert socket.is_closing
