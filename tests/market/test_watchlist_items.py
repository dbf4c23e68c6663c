"""An instrument of a watchlist: moved, noted, refused, and moved by two at once."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection

from accounts.models import AuditEvent
from market.errors import AmbiguousSymbol, InvalidNote, NotOnWatchlist, UnknownSymbol
from market.models import Watchlist
from market.watchlist_items import change_item, listed_items, shift_item
from market.watchlists import add_symbols, create_watchlist, remove_symbols
from tests.factories import make_user
from tests.market.factories import NOON, make_instrument

SYMBOLS = ("A", "B", "C", "D")


@pytest.fixture
def letters(db: None) -> Watchlist:
    for symbol in SYMBOLS:
        make_instrument(symbol)
    return make_list()


def make_list() -> Watchlist:
    watchlist = create_watchlist(owner=make_user(), name="Letters", created_at=NOON)
    add_symbols(watchlist=watchlist, symbols=SYMBOLS, added_at=NOON)
    return watchlist


def order_of(watchlist: Watchlist) -> str:
    stored = watchlist.items.order_by("position", "id")
    return "".join(stored.values_list("instrument__symbol", flat=True))


def change(watchlist: Watchlist, address: str, **change: Any) -> Any:
    return change_item(watchlist=watchlist, address=address, changed_at=NOON, **change)


@pytest.mark.parametrize(
    ("symbol", "position", "expected"),
    [
        pytest.param("C", 0, "CABD", id="to the top"),
        pytest.param("A", 2, "BCAD", id="down past two"),
        pytest.param("A", 3, "BCDA", id="to the end"),
        pytest.param("A", 99, "BCDA", id="beyond the end is the end"),
        pytest.param("b", 1, "ABCD", id="where it is, in any case of letters"),
    ],
)
def test_it_moves_to_a_place(letters: Watchlist, symbol: str, position: int, expected: str) -> None:
    item = change(letters, symbol, position=position)
    assert order_of(letters) == expected
    assert item.position == expected.index(symbol.upper())
    assert change(letters, symbol, position=position).position == item.position
    assert order_of(letters) == expected


def test_positions_have_no_gaps_after_a_removal_and_a_move(letters: Watchlist) -> None:
    remove_symbols(watchlist=letters, symbols=["B"], removed_at=NOON)
    change(letters, "D", position=1)
    assert list(letters.items.order_by("position").values_list("position", flat=True)) == [0, 1, 2]
    assert order_of(letters) == "ADC"
    add_symbols(watchlist=letters, symbols=["B"], added_at=NOON)
    assert order_of(letters) == "ADCB"


@pytest.mark.parametrize(("by", "expected"), [(-1, "ACBD"), (1, "ABDC"), (-9, "CABD"), (9, "ABDC")])
def test_it_shifts_by_places(letters: Watchlist, by: int, expected: str) -> None:
    shift_item(watchlist=letters, address="C", by=by, changed_at=NOON)
    assert order_of(letters) == expected


def test_a_note_is_kept_tidied_and_cleared(letters: Watchlist) -> None:
    assert change(letters, "A", note="  wait \n for   it ").note == "wait for it"
    assert [item.note for item in listed_items(letters)] == ["wait for it", "", "", ""]
    change(letters, "A", position=1)
    assert listed_items(letters)[1].note == "wait for it"
    assert change(letters, "A", note="").note == ""


@pytest.mark.parametrize(
    ("note", "is_kept"), [("x" * 500, True), ("x" * 501, False), ("a\0b", False)]
)
def test_a_note_has_its_limits(letters: Watchlist, note: str, is_kept: bool) -> None:
    if is_kept:
        assert change(letters, "A", note=note).note == note
        return
    with pytest.raises(InvalidNote):
        change(letters, "A", note=note, position=2)
    assert order_of(letters) == "ABCD"


def test_what_is_not_there_is_said(letters: Watchlist) -> None:
    make_instrument("E")
    with pytest.raises(NotOnWatchlist):
        change(letters, "E", position=0)
    with pytest.raises(UnknownSymbol):
        change(letters, "NOPE", position=0)


def test_a_bare_symbol_means_the_one_on_the_list(letters: Watchlist) -> None:
    for mic in ("XLON", "XNAS"):
        make_instrument("VOD", mic=mic)
    add_symbols(watchlist=letters, symbols=["XLON:VOD"], added_at=NOON)
    assert change(letters, "VOD", position=0).instrument.exchange_id == "XLON"
    add_symbols(watchlist=letters, symbols=["XNAS:VOD"], added_at=NOON)
    with pytest.raises(AmbiguousSymbol):
        change(letters, "VOD", position=0)
    assert change(letters, "XNAS:VOD", position=0).position == 0


def test_changes_are_written_down_and_no_change_is_not(letters: Watchlist) -> None:
    change(letters, "C", position=0, note="soon")
    change(letters, "C", position=0, note="soon")
    (event,) = AuditEvent.objects.filter(action="watchlist.item_changed")
    assert event.owner_id == letters.owner_id
    assert event.before == {"symbol": "C", "position": 2, "note": ""}
    assert event.after == {"symbol": "C", "position": 0, "note": "soon"}
    remove_symbols(watchlist=letters, symbols=["C", "NOPE"], removed_at=NOON)
    (event,) = AuditEvent.objects.filter(action="watchlist.symbols_removed")
    assert event.before == {"symbols": ["C"]}


@pytest.mark.django_db(transaction=True)
def test_moves_at_once_all_count_and_lose_nothing() -> None:
    for symbol in SYMBOLS:
        make_instrument(symbol)
    watchlist = make_list()
    barrier = threading.Barrier(len(SYMBOLS))

    def move(symbol: str) -> None:
        barrier.wait()
        try:
            for _ in range(5):
                change(watchlist, symbol, position=0)
        finally:
            connection.close()

    threads = [threading.Thread(target=move, args=[symbol]) for symbol in SYMBOLS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(order_of(watchlist)) == sorted(SYMBOLS)
    positions = watchlist.items.order_by("position").values_list("position", flat=True)
    assert list(positions) == [0, 1, 2, 3]
