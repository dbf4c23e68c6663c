"""The hub's memory: what each socket is offered, when and how often it is written."""

from __future__ import annotations

import pytest

from market.instruments.instrument_directory import InstrumentDirectory, Listing
from market.live.price_hub import PricedSymbol
from tests.market.hub_desk import NAMES, Desk, prices, read


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_new_symbol_is_answered_with_a_snapshot(desk: Desk) -> None:
    desk.price("AAPL", "310.5")
    socket = desk.open("AAPL", "MSFT")
    (frame,) = read(socket)
    assert frame["type"] == "snapshot"
    assert prices(frame) == {"AAPL": "310.5"}  # MSFT has no price yet
    assert set(frame["quotes"][0]) == {
        *("symbol", "bid", "bid_size", "ask", "ask_size", "last", "last_size"),
        *("previous_close", "change", "change_pct", "occurred_at", "is_stale", "source"),
    }


def test_only_new_symbols_are_in_a_second_snapshot(desk: Desk) -> None:
    desk.price("AAPL", "1")
    desk.price("MSFT", "2")
    socket = desk.open("AAPL")
    read(socket)
    desk.flush()
    read(socket)
    desk.watch(socket, "AAPL", "MSFT")
    (frame,) = read(socket)
    assert prices(frame) == {"MSFT": "2"}


def test_a_flush_carries_the_newest_of_what_changed(desk: Desk) -> None:
    socket = desk.open("AAPL", "MSFT", "XOM")
    read(socket)
    desk.price("AAPL", "1")
    desk.price("AAPL", "2")
    desk.price("XOM", "7")
    desk.price("JPM", "9")
    desk.flush()
    (frame,) = read(socket)
    assert frame["type"] == "update"
    assert prices(frame) == {"AAPL": "2", "XOM": "7"}


def test_nothing_is_sent_when_nothing_changed(desk: Desk) -> None:
    socket = desk.open("AAPL")
    desk.price("AAPL", "1")
    desk.flush()
    read(socket)
    desk.flush()
    desk.price("MSFT", "1")
    desk.flush()
    assert read(socket) == []


def test_an_older_quote_does_not_replace_a_newer_one(desk: Desk) -> None:
    socket = desk.open("AAPL")
    desk.price("AAPL", "2", second=desk.clock())
    desk.price("AAPL", "1", second=desk.clock() - 0.25)
    desk.flush()
    assert prices(read(socket)[-1]) == {"AAPL": "2"}


def test_a_whole_second_sorts_before_its_fractions(desk: Desk) -> None:
    socket = desk.open("AAPL")
    desk.price("AAPL", "1", second=1_000_000.0)
    desk.price("AAPL", "2", second=1_000_000.25)
    desk.flush()
    assert prices(read(socket)[-1]) == {"AAPL": "2"}


def test_equal_sets_share_one_text_however_they_were_asked_for(desk: Desk) -> None:
    sockets = [desk.open("AAPL", "MSFT"), desk.open("MSFT", "AAPL")]
    step_by_step = desk.open("AAPL")
    desk.watch(step_by_step, "MSFT")
    sockets.append(step_by_step)
    other = desk.open("AAPL")
    for socket in (*sockets, other):
        read(socket)
    made_before = desk.hub.frames_made
    desk.price("AAPL", "1")
    desk.flush()
    assert desk.hub.frames_made - made_before == 2  # one per distinct set
    texts = [socket.take() for socket in sockets]
    assert texts[0] is texts[1] is texts[2]


def test_a_quote_is_encoded_once_for_all_sets(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    write = PricedSymbol.write

    def counting(self: PricedSymbol, address: str) -> str:
        written.append(address)
        return write(self, address)

    monkeypatch.setattr(PricedSymbol, "write", counting)
    for others in ((), ("MSFT",), ("XOM",), ("MSFT", "XOM")):
        desk.open("AAPL", *others)
    desk.price("AAPL", "1")
    desk.flush()
    assert written == ["AAPL"]


def test_what_a_slow_reader_missed_merges_into_one_frame(desk: Desk) -> None:
    slow = desk.open("AAPL", "MSFT", "XOM")
    read(slow)
    for number in range(50):
        desk.price("AAPL", str(number))
        desk.flush()
    desk.price("MSFT", "5")
    desk.flush()
    (frame,) = read(slow)
    assert prices(frame) == {"AAPL": "49", "MSFT": "5"}


def test_a_slow_reader_does_not_change_what_others_get(desk: Desk) -> None:
    desk.open("AAPL")
    healthy = desk.open("AAPL")
    read(healthy)
    seen = []
    for number in range(5):
        desk.price("AAPL", str(number))
        desk.flush()
        seen += [prices(frame)["AAPL"] for frame in read(healthy)]
    assert seen == ["0", "1", "2", "3", "4"]


def test_numbers_rise_on_each_socket_whatever_it_is_sent(desk: Desk) -> None:
    socket = desk.open("AAPL")
    frames = read(socket)
    for number in range(6):
        desk.price("AAPL", str(number))
        desk.price("MSFT", str(number))
        desk.flush()
        if number == 1:
            desk.watch(socket, "MSFT")
        if number != 3:
            frames += read(socket)
    numbers = [frame["seq"] for frame in frames]
    assert numbers == sorted(set(numbers))


def test_numbers_rise_when_what_is_watched_is_asked_for_again(desk: Desk) -> None:
    socket = desk.open("AAPL")
    read(socket)
    desk.price("AAPL", "2")
    desk.flush()  # a frame waits
    desk.watch(socket, "AAPL")
    snapshot, update = read(socket)
    assert (snapshot["type"], update["type"]) == ("snapshot", "update")
    assert snapshot["seq"] < update["seq"]
    assert prices(update) == {"AAPL": "2"}


def test_nothing_is_lost_when_a_socket_changes_its_symbols(desk: Desk) -> None:
    bystander = desk.open("AAPL", "MSFT")
    socket = desk.open("AAPL")
    read(socket)
    desk.price("AAPL", "8")
    desk.flush()
    desk.watch(socket, "MSFT")  # its group has flushed what this socket was not yet sent
    frames = read(socket)
    assert prices(frames[-1])["AAPL"] == "8"
    assert read(bystander)


def test_a_dropped_symbol_is_sent_no_more(desk: Desk) -> None:
    socket = desk.open("AAPL", "MSFT")
    read(socket)
    desk.unwatch(socket, "MSFT")
    desk.price("MSFT", "1")
    desk.price("AAPL", "2")
    desk.flush()
    assert [prices(frame) for frame in read(socket)] == [{"AAPL": "2"}]


def test_a_socket_that_left_is_forgotten(desk: Desk) -> None:
    socket = desk.open("AAPL")
    desk.hub.leave(socket)
    desk.price("AAPL", "1")
    desk.flush()
    assert not desk.hub.sockets
    assert not desk.hub._groups


def test_an_old_quote_is_announced_as_stale_once(desk: Desk) -> None:
    socket = desk.open("AAPL")
    desk.price("AAPL", "1")
    desk.flush()
    read(socket)
    desk.clock.seconds += 14.9
    desk.hub.mark_stale()
    desk.flush()
    assert read(socket) == []
    desk.clock.seconds += 0.2
    for _ in range(3):
        desk.hub.mark_stale()
        desk.flush()
    (frame,) = read(socket)
    assert frame["quotes"][0]["is_stale"] is True
    desk.price("AAPL", "2")
    desk.flush()
    assert read(socket)[0]["quotes"][0]["is_stale"] is False


def test_symbols_listed_twice_are_named_with_their_exchange() -> None:
    directory = InstrumentDirectory([Listing(1, "ABC", "XNAS"), Listing(2, "ABC", "XLON")])
    assert directory.address_of(2) == "XLON:ABC"
    resolved = directory.resolve(["abc", "xlon:abc", "NOPE"])
    assert resolved.found == {"xlon:abc": 2}
    assert resolved.ambiguous == ("abc",)
    assert resolved.unknown == ("NOPE",)


def test_one_that_trades_no_more_takes_nobodys_symbol() -> None:
    old, new = Listing(1, "ABC", "XNYS", is_active=False), Listing(2, "ABC", "XLON")
    directory = InstrumentDirectory([old, new])
    assert directory.resolve(["abc", "XNYS:ABC"]).found == {"abc": 2, "XNYS:ABC": 1}
    assert [directory.address_of(number) for number in (1, 2)] == ["XNYS:ABC", "ABC"]
    directory.replace([old])
    assert directory.resolve(["ABC"]).found == {"ABC": 1}


def test_the_groups_are_spread_over_the_phases(desk: Desk) -> None:
    for symbol in NAMES:
        desk.open(symbol)
    assert max(len(phase) for phase in desk.hub._phases) == 1
