"""Watchlists: several, filled by pasting, emptied with a way back."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest
from django.test import Client

from accounts.models import User
from accounts.tiers import Tier
from market.forms import SYMBOLS_AT_ONCE_MAXIMUM
from market.models import Watchlist
from tests.factories import make_instrument, make_quote, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice() -> User:
    return make_user()


@pytest.fixture
def page(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


@pytest.fixture
def tech(alice: User) -> Watchlist:
    for symbol in ("AAPL", "MSFT", "KO"):
        make_quote(make_instrument(symbol))
    return Watchlist.objects.create(owner=alice, name="Tech")


def symbols_of(watchlist: Watchlist) -> set[str]:
    return set(watchlist.items.values_list("instrument__symbol", flat=True))


def test_without_a_watchlist_the_page_says_what_to_do(page: Client) -> None:
    assert "No watchlist yet" in page.get("/watchlists").content.decode()


def test_a_watchlist_is_made_and_shown(page: Client, alice: User) -> None:
    response = page.post("/watchlists", {"name": "Energy"}, follow=True)
    assert response.status_code == 200
    assert "Energy" in response.content.decode()
    assert Watchlist.objects.for_user(alice).get().name == "Energy"


@pytest.mark.parametrize("name", ["", "   ", "x" * 81])
def test_a_bad_name_is_refused_at_its_field(page: Client, name: str) -> None:
    response = page.post("/watchlists", {"name": name})
    assert response.status_code == 422
    assert "field__errors" in response.content.decode()
    assert not Watchlist.objects.exists()


def test_a_name_twice_is_refused_at_its_field(page: Client, tech: Watchlist) -> None:
    response = page.post("/watchlists", {"name": "Tech"})
    assert response.status_code == 422
    assert "already a watchlist" in response.content.decode()


def test_the_tier_limits_watchlists_in_words(client: Client) -> None:
    client.force_login(make_user("bob@example.com", tier=Tier.STANDARD))
    assert client.post("/watchlists", {"name": "One"}).status_code == 302
    response = client.post("/watchlists", {"name": "Two"})
    assert response.status_code == 422
    assert "The standard tier includes 1 watchlist" in response.content.decode()


@pytest.mark.parametrize(("tier", "symbols"), [(Tier.STANDARD, 50), (Tier.PREMIUM, 500)])
def test_the_page_knows_how_many_prices_may_be_live(
    client: Client, tier: Tier, symbols: int
) -> None:
    client.force_login(make_user("bob@example.com", tier=tier))
    text = client.get("/watchlists").content.decode()
    assert f'data-symbols="{symbols}"' in text
    assert f"Prices of {symbols} instruments at a time are live" in text


def test_each_pasted_symbol_has_its_outcome_said(page: Client, tech: Watchlist) -> None:
    page.post(f"/watchlists/{tech.id}/symbols", {"symbols": "KO"})
    response = page.post(f"/watchlists/{tech.id}/symbols", {"symbols": "aapl, MSFT;KO\nNOPE"})
    text = response.content.decode()
    assert response.status_code == 200
    assert "Added: AAPL, MSFT." in text
    assert "Already on the list: KO." in text
    assert "No such instrument: NOPE." in text
    assert symbols_of(tech) == {"AAPL", "MSFT", "KO"}


def test_an_ambiguous_symbol_asks_which(page: Client, tech: Watchlist) -> None:
    make_instrument("AAPL", mic="XNYS")
    response = page.post(f"/watchlists/{tech.id}/symbols", {"symbols": "AAPL XNYS:AAPL"})
    text = response.content.decode()
    assert "say which" in text
    assert "Added: XNYS:AAPL." in text


def test_htmx_gets_only_the_list(page: Client, tech: Watchlist) -> None:
    response = page.post(
        f"/watchlists/{tech.id}/symbols", {"symbols": "AAPL"}, headers={"hx-request": "true"}
    )
    text = response.content.decode()
    assert "<html" not in text
    assert 'data-symbol="AAPL"' in text


@pytest.mark.parametrize(
    "symbols", ["", " ,; ", "X" * 31, " ".join(f"S{n}" for n in range(SYMBOLS_AT_ONCE_MAXIMUM + 1))]
)
def test_nothing_or_too_much_is_refused_at_its_field(
    page: Client, tech: Watchlist, symbols: str
) -> None:
    response = page.post(f"/watchlists/{tech.id}/symbols", {"symbols": symbols})
    assert response.status_code == 422
    assert "field__errors" in response.content.decode()


def test_as_many_symbols_as_allowed_go_at_once(page: Client, tech: Watchlist) -> None:
    symbols = " ".join(f"S{number}" for number in range(SYMBOLS_AT_ONCE_MAXIMUM))
    response = page.post(f"/watchlists/{tech.id}/symbols", {"symbols": symbols})
    assert response.status_code == 200


def test_removing_offers_the_way_back(page: Client, tech: Watchlist) -> None:
    page.post(f"/watchlists/{tech.id}/symbols", {"symbols": "AAPL MSFT"})
    response = page.post(f"/watchlists/{tech.id}/removal", {"symbols": "XNAS:AAPL"})
    text = response.content.decode()
    assert "Removed: " in text
    assert "Undo" in text
    assert symbols_of(tech) == {"MSFT"}


def test_a_watchlist_is_renamed_and_deleted(page: Client, tech: Watchlist) -> None:
    assert page.post(f"/watchlists/{tech.id}/name", {"name": "Giants"}).status_code == 302
    tech.refresh_from_db()
    assert tech.name == "Giants"
    response = page.post(f"/watchlists/{tech.id}/deletion", follow=True)
    assert "“Giants” is deleted" in response.content.decode()
    assert not Watchlist.objects.exists()


def test_renaming_to_a_taken_name_keeps_the_old(page: Client, alice: User, tech: Watchlist) -> None:
    Watchlist.objects.create(owner=alice, name="Other")
    response = page.post(f"/watchlists/{tech.id}/name", {"name": "Other"})
    assert response.status_code == 422
    tech.refresh_from_db()
    assert tech.name == "Tech"


@pytest.mark.parametrize("action", ["symbols", "removal", "name", "deletion", "order", "note"])
def test_a_strangers_watchlist_does_not_exist(page: Client, action: str) -> None:
    charlie = make_user("charlie@example.com")
    theirs = Watchlist.objects.create(owner=charlie, name="Secret")
    data = {"symbols": "AAPL", "name": "Mine", "up": "AAPL", "symbol": "AAPL"}
    assert page.get(f"/watchlists/{theirs.id}").status_code == 404
    assert page.post(f"/watchlists/{theirs.id}/{action}", data).status_code == 404
    assert page.get(f"/watchlists/{uuid4()}").status_code == 404
    assert Watchlist.objects.get(id=theirs.id).name == "Secret"


@pytest.mark.parametrize("action", ["symbols", "removal", "name", "deletion", "order", "note"])
def test_changes_need_a_post(page: Client, tech: Watchlist, action: str) -> None:
    assert page.get(f"/watchlists/{tech.id}/{action}").status_code == 405


def order_of(watchlist: Watchlist) -> list[str]:
    stored = watchlist.items.order_by("position", "id")
    return list(stored.values_list("instrument__symbol", flat=True))


@pytest.fixture
def three(page: Client, tech: Watchlist) -> Watchlist:
    page.post(f"/watchlists/{tech.id}/symbols", {"symbols": "AAPL MSFT KO"})
    return tech


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"up": "XNAS:KO"}, ["AAPL", "KO", "MSFT"]),
        ({"down": "XNAS:AAPL"}, ["MSFT", "AAPL", "KO"]),
        ({"symbol": "XNAS:KO", "position": "0"}, ["KO", "AAPL", "MSFT"]),
    ],
)
def test_a_row_is_moved_and_that_is_said(
    page: Client, three: Watchlist, data: dict[str, str], expected: list[str]
) -> None:
    response = page.post(f"/watchlists/{three.id}/order", data)
    assert response.status_code == 200
    assert order_of(three) == expected
    assert re.search(r"is number \d of 3\.", response.content.decode())


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"symbol": "AAPL"},
        {"symbol": "AAPL", "position": "-1"},
        {"up": "NOPE"},
        {"up": "x" * 31},
    ],
)
def test_a_move_that_cannot_be_is_said(
    page: Client, three: Watchlist, data: dict[str, str]
) -> None:
    response = page.post(f"/watchlists/{three.id}/order", data)
    assert response.status_code == 422
    assert "message--" in response.content.decode()
    assert order_of(three) == ["AAPL", "MSFT", "KO"]


def test_a_note_is_written_in_its_row(page: Client, three: Watchlist) -> None:
    form = page.get(f"/watchlists/{three.id}?note=XNAS:MSFT").content.decode()
    assert 'name="note"' in form
    response = page.post(
        f"/watchlists/{three.id}/note", {"symbol": "XNAS:MSFT", "note": "<b>wait</b>"}
    )
    text = response.content.decode()
    assert "The note about MSFT is kept." in text
    assert "&lt;b&gt;wait&lt;/b&gt;" in text
    cleared = page.post(f"/watchlists/{three.id}/note", {"symbol": "XNAS:MSFT", "note": ""})
    assert "The note about MSFT is removed." in cleared.content.decode()


@pytest.mark.parametrize(
    "data", [{"symbol": "XNAS:MSFT", "note": "x" * 501}, {"symbol": "NOPE", "note": "x"}, {}]
)
def test_a_note_that_cannot_be_is_said(
    page: Client, three: Watchlist, data: dict[str, str]
) -> None:
    assert page.post(f"/watchlists/{three.id}/note", data).status_code == 422
    assert set(three.items.values_list("note", flat=True)) == {""}


@pytest.mark.parametrize("address", ["NOPE", "XNAS:NOPE", ""])
def test_a_note_about_nothing_shows_the_list(page: Client, three: Watchlist, address: str) -> None:
    response = page.get(f"/watchlists/{three.id}", {"note": address})
    assert response.status_code == 200
    assert 'name="note"' not in response.content.decode()


def test_undoing_a_removal_brings_place_and_note_back(page: Client, three: Watchlist) -> None:
    page.post(f"/watchlists/{three.id}/note", {"symbol": "XNAS:MSFT", "note": "wait"})
    removed = page.post(f"/watchlists/{three.id}/removal", {"symbols": "XNAS:MSFT"})
    fields = dict(re.findall(r'name="(position|note)" value="([^"]*)"', removed.content.decode()))
    assert fields == {"position": "1", "note": "wait"}
    page.post(f"/watchlists/{three.id}/symbols", {"symbols": "XNAS:MSFT"} | fields)
    assert order_of(three) == ["AAPL", "MSFT", "KO"]
    assert three.items.get(instrument__symbol="MSFT").note == "wait"
