"""Watchlists: made, filled, emptied, and kept within the owner's tier."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from django.conf import LazySettings
from django.db import connection

from accounts.models import User
from accounts.tiers import Tier
from market.errors import (
    InvalidWatchlistName,
    TooManyWatchlists,
    WatchlistFull,
    WatchlistNameTaken,
)
from market.models import Watchlist
from market.watchlists import (
    SymbolOutcome,
    add_symbols,
    create_watchlist,
    delete_watchlist,
    remove_symbols,
    rename_watchlist,
)
from tests.market.factories import NOON, make_instrument


def make_user(email: str = "alice@example.com", *, tier: Tier = Tier.PREMIUM) -> User:
    return User.objects.create_user(email, tier=tier)


def make_watchlist(name: str = "Tech", *, owner: User | None = None) -> Watchlist:
    return create_watchlist(owner=owner or make_user(), name=name, created_at=NOON)


def outcomes(found: list[SymbolOutcome]) -> dict[str, str]:
    return {item.symbol: item.outcome for item in found}


@pytest.mark.django_db
def test_watchlists_stand_in_the_order_they_were_made() -> None:
    alice = make_user()
    names = ["Tech", "Energy", "Retail"]
    for name in names:
        make_watchlist(f"  {name} ", owner=alice)
    assert list(alice.watchlists.order_by("position").values_list("name", flat=True)) == names


@pytest.mark.django_db
def test_a_name_is_taken_once_per_owner() -> None:
    alice = make_user()
    make_watchlist("Tech", owner=alice)
    make_watchlist("Tech", owner=make_user("bob@example.com"))
    with pytest.raises(WatchlistNameTaken):
        make_watchlist("Tech", owner=alice)
    other = make_watchlist("Other", owner=alice)
    with pytest.raises(WatchlistNameTaken):
        rename_watchlist(watchlist=other, name="Tech", renamed_at=NOON)
    assert rename_watchlist(watchlist=other, name="Other", renamed_at=NOON).name == "Other"


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["", "   ", "x" * 81, "a\0b"])
def test_a_name_must_be_one(name: str) -> None:
    with pytest.raises(InvalidWatchlistName):
        make_watchlist(name)


@pytest.mark.django_db
def test_the_tier_limits_how_many() -> None:
    charlie = make_user(tier=Tier.STANDARD)
    make_watchlist("One", owner=charlie)
    with pytest.raises(TooManyWatchlists, match="includes 1 watchlist"):
        make_watchlist("Two", owner=charlie)


@pytest.mark.django_db(transaction=True)
def test_two_requests_at_once_cannot_both_take_the_last_place() -> None:
    charlie = make_user(tier=Tier.STANDARD)
    barrier = threading.Barrier(2)
    refused: list[str] = []

    def create(name: str) -> None:
        barrier.wait()
        try:
            make_watchlist(name, owner=charlie)
        except TooManyWatchlists:
            refused.append(name)
        finally:
            connection.close()

    threads = [threading.Thread(target=create, args=[name]) for name in ("One", "Two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    assert Watchlist.objects.count() == 1


@pytest.mark.django_db
def test_symbols_are_added_once_and_each_says_what_became_of_it() -> None:
    make_instrument("AAPL", mic="XNAS")
    make_instrument("MSFT")
    make_instrument("VOD", mic="XLON")
    make_instrument("VOD", mic="XNAS")
    watchlist = make_watchlist()
    given = ["AAPL", "xnas:aapl", "NONE", "VOD", "XLON:VOD"]
    expected = {
        "AAPL": "added",
        "xnas:aapl": "already_there",
        "NONE": "unknown",
        "VOD": "ambiguous",
        "XLON:VOD": "added",
    }
    assert outcomes(add_symbols(watchlist=watchlist, symbols=given, added_at=NOON)) == expected
    again = add_symbols(watchlist=watchlist, symbols=["AAPL", "MSFT"], added_at=NOON)
    assert outcomes(again) == {"AAPL": "already_there", "MSFT": "added"}
    items = watchlist.items.order_by("position").values_list("instrument__symbol", "position")
    assert list(items) == [("AAPL", 0), ("VOD", 1), ("MSFT", 2)]


@pytest.mark.django_db
def test_symbols_are_removed() -> None:
    for mic in ("XLON", "XNAS"):
        make_instrument("VOD", mic=mic)
    make_instrument("AAPL")
    watchlist = make_watchlist()
    add_symbols(watchlist=watchlist, symbols=["AAPL", "XLON:VOD"], added_at=NOON)
    found = remove_symbols(
        watchlist=watchlist, symbols=["VOD", "XNAS:VOD", "NONE"], removed_at=NOON
    )
    assert outcomes(found) == {"VOD": "removed", "XNAS:VOD": "not_there", "NONE": "unknown"}
    assert watchlist.items.get().instrument.symbol == "AAPL"


@pytest.mark.django_db
def test_a_list_has_room_for_so_many(settings: LazySettings) -> None:
    settings.LIMITS = replace(settings.LIMITS, watchlist_items=2)
    for symbol in ("A", "B", "C"):
        make_instrument(symbol)
    watchlist = make_watchlist()
    add_symbols(watchlist=watchlist, symbols=["A", "B"], added_at=NOON)
    with pytest.raises(WatchlistFull):
        add_symbols(watchlist=watchlist, symbols=["C"], added_at=NOON)
    assert watchlist.items.count() == 2


@pytest.mark.django_db
def test_deleting_takes_the_list_and_leaves_the_instruments() -> None:
    apple = make_instrument("AAPL")
    watchlist = make_watchlist()
    add_symbols(watchlist=watchlist, symbols=["AAPL"], added_at=NOON)
    delete_watchlist(watchlist=watchlist, deleted_at=NOON)
    delete_watchlist(watchlist=watchlist, deleted_at=NOON)
    apple.refresh_from_db()
    assert not Watchlist.objects.exists()
