"""What moved most on all of somebody's watchlists: on home, and for programs."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from market.models import Instrument, Watchlist
from market.movers import MOVERS_MAXIMUM, mover_rows, watched_movers
from market.watchlists import add_symbols, create_watchlist
from tests.api.clients import ApiClient, key_for
from tests.factories import make_daily_bars, make_instrument, make_quote, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice() -> User:
    return make_user()


def make_listed(symbol: str, last: str, *, previous: str | None = "100", hours: int = 0) -> None:
    """Something that stands at ``last``, told so many hours ago."""
    occurred_at = timezone.now() - timedelta(hours=hours)
    make_quote(make_instrument(symbol), last=last, previous_close=previous, occurred_at=occurred_at)


def watch(owner: User, name: str, *symbols: str) -> Watchlist:
    made = create_watchlist(owner=owner, name=name, created_at=timezone.now())
    add_symbols(watchlist=made, symbols=symbols, added_at=timezone.now())
    return made


def symbols_of(owner: User, limit: int = 5) -> list[str]:
    return [quote.symbol for quote in watched_movers(owner, limit=limit)]


def test_the_widest_moves_of_all_lists_come_first_up_or_down(alice: User) -> None:
    for symbol, last in (("UP", "103"), ("DOWN", "91"), ("BIT", "100.5"), ("OTHER", "150")):
        make_listed(symbol, last)
    watch(alice, "One", "UP", "DOWN")
    watch(alice, "Two", "BIT", "UP")
    watch(make_user("bob@example.com"), "His", "OTHER")
    assert symbols_of(alice) == ["DOWN", "UP", "BIT"]
    assert symbols_of(alice, limit=2) == ["DOWN", "UP"]


def test_equal_moves_stand_by_symbol(alice: User) -> None:
    for symbol, last in (("C", "95"), ("A", "105"), ("B", "105")):
        make_listed(symbol, last)
    watch(alice, "One", "C", "B", "A")
    assert symbols_of(alice) == ["A", "B", "C"]


def test_what_did_not_move_or_tells_of_another_day_is_no_mover(alice: User) -> None:
    make_listed("LIVE", "101")
    make_listed("HALTED", "50", hours=24)  # its fall is that of another day
    make_listed("MORNING", "98", hours=23)
    make_listed("SAME", "100")
    make_listed("NEW", "100", previous=None)
    make_instrument("NEVER")
    watch(alice, "One", "LIVE", "HALTED", "MORNING", "SAME", "NEW", "NEVER")
    assert symbols_of(alice) == ["MORNING", "LIVE"]


def test_over_a_weekend_the_last_day_stands(alice: User) -> None:
    make_listed("FRIDAY", "104", hours=60)
    watch(alice, "One", "FRIDAY")
    assert symbols_of(alice) == ["FRIDAY"]


def test_home_asks_for_them_and_shows_them_live(client: Client, alice: User) -> None:
    client.force_login(alice)
    assert "stands here once" in client.get("/watchlists/movers").content.decode()
    make_listed("AAPL", "103")
    make_listed("KO", "100")
    make_daily_bars(Instrument.objects.get(symbol="AAPL"), [100, 102])
    listed = watch(alice, "One", "KO")
    assert (
        "Nothing on your watchlists has moved" in client.get("/watchlists/movers").content.decode()
    )
    add_symbols(watchlist=listed, symbols=["AAPL"], added_at=timezone.now())
    page = client.get("/watchlists/movers").content.decode()
    assert "<html" not in page
    assert 'data-symbol="AAPL"' in page
    assert "+3.00%" in page
    assert "KO" not in page


def test_strangers_see_none(client: Client) -> None:
    assert client.get("/watchlists/movers").status_code == 302


def test_more_lists_and_instruments_ask_no_more_questions(
    alice: User, django_assert_num_queries: Any
) -> None:
    at = timezone.now()
    for number in range(9):
        make_listed(f"S{number}", str(101 + number))
        watch(alice, f"List {number}", *(f"S{one}" for one in range(number + 1)))
        if number in (1, 8):
            with django_assert_num_queries(5 + 1):  # one read of quotes that only the tables have
                assert mover_rows(alice, limit=2, at=at)[0].change == Decimal(1 + number)


def test_programs_read_the_same(alice: User) -> None:
    make_listed("UP", "103")
    make_listed("DOWN", "91")
    watch(alice, "One", "UP", "DOWN")
    api = ApiClient(key_for(alice, scopes=("read",)))
    body = api.get("/watchlists/movers").json()
    assert [(one["symbol"], one["change_pct"]) for one in body["items"]] == [
        ("DOWN", "-9"),
        ("UP", "3"),
    ]
    assert body["next_cursor"] is None
    assert len(api.get("/watchlists/movers", limit=1).json()["items"]) == 1
    assert api.get("/watchlists/movers", limit=MOVERS_MAXIMUM).status_code == 200
    for wrong in (0, MOVERS_MAXIMUM + 1, "x"):
        assert api.get("/watchlists/movers", limit=wrong).status_code == 422
