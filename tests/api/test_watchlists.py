"""Watchlists through the API."""

import pytest

from accounts.models import User
from market.models import Watchlist, WatchlistItem
from tests.api.clients import ApiClient, all_items, key_for
from tests.factories import make_instrument


@pytest.fixture
def tech(api: ApiClient) -> str:
    """The id of Alice's watchlist."""
    return str(api.post("/watchlists", {"name": "Tech"}).json()["id"])


def test_a_watchlist_is_made_renamed_and_dropped(api: ApiClient) -> None:
    made = api.post("/watchlists", {"name": " Tech "})
    assert made.status_code == 201, made.content
    assert set(made.json()) == {"id", "name", "symbols", "items", "created_at"}
    path = f"/watchlists/{made.json()['id']}"
    assert api.get(path).json() == made.json()
    assert api.patch(path, {"name": "Growth"}).json()["name"] == "Growth"
    assert api.delete(path).status_code == 204
    assert api.get(path).status_code == 404


def test_symbols_are_added_and_removed_with_an_outcome_each(api: ApiClient, tech: str) -> None:
    make_instrument("AAPL")
    make_instrument("MSFT")
    make_instrument("TWIN", mic="XNAS")
    make_instrument("TWIN", mic="XLON")
    path = f"/watchlists/{tech}/items"

    def outcomes(method: str, *symbols: str) -> list[str]:
        response = api.send(method, path, {"symbols": symbols})
        assert response.status_code == 200, response.content
        return [item["outcome"] for item in response.json()["items"]]

    added = outcomes("POST", "AAPL", "aapl", "MSFT", "NOPE", "TWIN", "XLON:TWIN")
    assert added == ["added", "already_there", "added", "unknown", "ambiguous", "added"]
    assert outcomes("POST", "MSFT") == ["already_there"]
    assert api.get(f"/watchlists/{tech}").json()["symbols"] == ["AAPL", "MSFT", "XLON:TWIN"]
    assert WatchlistItem.objects.count() == 3
    assert outcomes("DELETE", "MSFT", "NOPE") == ["removed", "unknown"]
    assert outcomes("DELETE", "MSFT") == ["not_there"]
    assert api.get(f"/watchlists/{tech}").json()["symbols"] == ["AAPL", "XLON:TWIN"]


@pytest.mark.parametrize("body", [{}, {"symbols": []}, {"symbols": "AAPL"}, {"symbols": [1]}])
def test_symbols_must_be_a_list(api: ApiClient, tech: str, body: object) -> None:
    assert api.post(f"/watchlists/{tech}/items", body).status_code == 422


def test_a_name_is_taken_once(api: ApiClient, tech: str) -> None:
    again = api.post("/watchlists", {"name": "Tech"})
    assert (again.status_code, again.json()["code"]) == (409, "watchlist_name_taken")
    assert api.post("/watchlists", {"name": " "}).status_code == 422
    assert api.post("/watchlists", {"name": "x" * 81}).status_code == 422


def test_the_tier_limits_how_many(api: ApiClient, alice: User, tech: str) -> None:
    alice.tier = "standard"
    alice.save()
    refused = api.post("/watchlists", {"name": "Second"})
    assert (refused.status_code, refused.json()["code"]) == (403, "allowance_exceeded")


def test_lists_are_paged_in_a_constant_number_of_queries(
    api: ApiClient, django_assert_max_num_queries: object
) -> None:
    for number in range(5):
        api.post("/watchlists", {"name": str(number)})
    listed = all_items(api, "/watchlists", limit=2)
    assert [row["name"] for row in listed] == list("01234")
    with django_assert_max_num_queries(3):  # type: ignore[operator]
        api.get("/watchlists")


def test_a_stranger_finds_nothing_and_changes_nothing(
    api: ApiClient, stranger_api: ApiClient, tech: str
) -> None:
    make_instrument("AAPL")
    path = f"/watchlists/{tech}"
    symbols = {"symbols": ["AAPL"]}
    for response in (
        stranger_api.get(path),
        stranger_api.patch(path, {"name": "Mine"}),
        stranger_api.delete(path),
        stranger_api.post(f"{path}/items", symbols),
        stranger_api.delete(f"{path}/items", symbols),
    ):
        assert response.status_code == 404
    assert stranger_api.get("/watchlists").json()["items"] == []
    assert Watchlist.objects.get().name == "Tech"
    assert not WatchlistItem.objects.exists()


def test_a_reading_key_only_reads(api: ApiClient, alice: User, tech: str) -> None:
    reader = ApiClient(key_for(alice, scopes=["read"]))
    assert reader.get(f"/watchlists/{tech}").status_code == 200
    assert reader.post("/watchlists", {"name": "New"}).status_code == 403
    assert reader.delete(f"/watchlists/{tech}").status_code == 403


def test_an_item_is_moved_and_noted(api: ApiClient, tech: str) -> None:
    for symbol in ("AAPL", "MSFT", "KO"):
        make_instrument(symbol)
    path = f"/watchlists/{tech}/items"
    api.post(path, {"symbols": ["AAPL", "MSFT", "KO"]})
    answer = api.patch(f"{path}/KO", {"position": 0, "note": "Reports on Thursday"})
    assert answer.status_code == 200, answer.content
    item = answer.json()
    assert set(item) == {"symbol", "exchange", "position", "note", "added_at"}
    assert (item["symbol"], item["exchange"], item["position"]) == ("KO", "XNAS", 0)
    found = api.get(f"/watchlists/{tech}").json()
    assert found["symbols"] == ["KO", "AAPL", "MSFT"]
    assert found["items"][0] == item
    assert [it["position"] for it in found["items"]] == [0, 1, 2]
    # What is left out stays, and beyond the end is the end.
    assert api.patch(f"{path}/KO", {"position": 9}).json()["note"] == "Reports on Thursday"
    assert api.patch(f"{path}/KO", {"position": 10**30}).json()["position"] == 2
    assert api.get(f"/watchlists/{tech}").json()["symbols"] == ["AAPL", "MSFT", "KO"]
    assert api.patch(f"{path}/KO", {"note": ""}).json()["note"] == ""


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"position": -1}, 422),
        ({"position": "first"}, 422),
        ({"note": "x" * 500}, 200),
        ({"note": "x" * 501}, 422),
        ({"place": 1}, 422),
        ({}, 200),
    ],
)
def test_an_item_takes_a_place_and_a_note(
    api: ApiClient, tech: str, body: object, status: int
) -> None:
    make_instrument("AAPL")
    api.post(f"/watchlists/{tech}/items", {"symbols": ["AAPL"]})
    assert api.patch(f"/watchlists/{tech}/items/AAPL", body).status_code == status


def test_an_item_that_is_not_there_is_said(
    api: ApiClient, stranger_api: ApiClient, tech: str
) -> None:
    make_instrument("AAPL")
    path = f"/watchlists/{tech}/items/AAPL"
    assert api.patch(path, {"position": 0}).json()["code"] == "not_on_watchlist"
    unknown = api.patch(f"/watchlists/{tech}/items/NOPE", {"position": 0})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_symbol")
    api.post(f"/watchlists/{tech}/items", {"symbols": ["AAPL"]})
    assert stranger_api.patch(path, {"position": 0}).status_code == 404
