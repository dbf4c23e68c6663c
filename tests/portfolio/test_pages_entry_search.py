"""The filters of a portfolio's activities and journal, and the files that follow them."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from accounts.models import User
from portfolio.bookkeeping.entries import EntryKind
from portfolio.models import Portfolio
from tests.api.clients import Answer
from tests.factories import make_instrument, make_user
from tests.portfolio.factories import draft_deposit, draft_trade, make_tracked, post

pytestmark = pytest.mark.django_db

MONDAY = datetime(2026, 1, 5, 15, tzinfo=UTC)
LISTS = ("activities", "journal")


@pytest.fixture
def portfolio(alice: User) -> Portfolio:
    """On Monday 10,000 came and ten were bought, on Tuesday four of them sold."""
    opened = make_tracked(alice, name="Savings", cash="0", opened_at=MONDAY - timedelta(days=7))
    apple = make_instrument("AAPL")
    post(
        draft_deposit(opened, "10000", at=MONDAY.replace(hour=0), external_id="Salary-1"),
        draft_trade(opened, apple, quantity="10", price="100", at=MONDAY, is_settled=True),
        draft_trade(
            opened,
            apple,
            EntryKind.SELL,
            quantity="4",
            price="120",
            at=MONDAY.replace(hour=23, minute=59) + timedelta(days=1),
            is_settled=True,
        ),
    )
    return opened


def kinds(response: Answer) -> list[str]:
    return [row.kind for row in response.context["entries"]]


@pytest.mark.parametrize("tab", LISTS)
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["sell", "buy", "deposit"]),
        ("kind=buy", ["buy"]),
        ("kind=deposit&kind=sell", ["sell", "deposit"]),
        ("symbol=aapl", ["sell", "buy"]),
        ("first_day=2026-01-06", ["sell"]),
        ("last_day=2026-01-05", ["buy", "deposit"]),
        ("first_day=2026-01-05&last_day=2026-01-06", ["sell", "buy", "deposit"]),
        ("kind=buy&last_day=9999-12-31", ["buy"]),
        ("search=SALARY", ["deposit"]),
        ("symbol=AAPL&kind=buy&kind=deposit&last_day=2026-01-05&search=", ["buy"]),
        ("kind=dividend", []),
    ],
)
def test_a_page_shows_what_is_looked_for(
    browser: Client, portfolio: Portfolio, tab: str, query: str, found: list[str]
) -> None:
    response = browser.get(f"/portfolios/{portfolio.id}/{tab}?{query}")
    assert response.status_code == 200
    assert kinds(response) == found
    page = response.content.decode()
    address = f'href="/portfolios/{portfolio.id}/{tab}"'
    assert ("Nothing fits" in page) is (not found)
    assert (f"{address}>Show all" in page) is bool(query)
    assert ('<details class="disclosure card" open>' in page) is bool(query)
    assert (f"/{tab}/file?" in page) is bool(found)


@pytest.mark.parametrize("tab", LISTS)
@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("symbol=NOPE", "NOPE"),
        ("kind=bought", "bought"),
        ("first_day=soon", "Enter a valid date."),
        ("first_day=2026-01-06&last_day=2026-01-05", "The last day comes before the first."),
        (f"search={'x' * 101}", "at most 100 characters"),
    ],
)
def test_what_makes_no_sense_is_told_at_its_field(
    browser: Client, portfolio: Portfolio, tab: str, query: str, words: str
) -> None:
    response = browser.get(f"/portfolios/{portfolio.id}/{tab}?{query}")
    assert response.status_code == 422
    assert kinds(response) == []
    page = response.content.decode()
    (field,) = response.context["form"].errors
    assert f'id="id_{field}_error"' in page
    assert words in page
    assert "Show all" in page
    file = browser.get(f"/portfolios/{portfolio.id}/{tab}/file?{query}&format=csv")
    assert (file.status_code, words in file.content.decode()) == (422, True)


def test_bookkeeping_is_looked_for_in_the_journal_alone(
    browser: Client, portfolio: Portfolio
) -> None:
    path = f"/portfolios/{portfolio.id}"
    assert browser.get(f"{path}/journal?kind=settlement").status_code == 200
    assert browser.get(f"{path}/activities?kind=settlement").status_code == 422


@pytest.mark.parametrize("tab", LISTS)
def test_htmx_gets_the_list_with_its_filter(
    browser: Client, portfolio: Portfolio, tab: str
) -> None:
    headers = {"HX-Request": "true", "HX-Target": "entries"}
    response = browser.get(f"/portfolios/{portfolio.id}/{tab}?symbol=NOPE", headers=headers)
    assert response.status_code == 422
    page = response.content.decode()
    assert "<html" not in page
    assert 'hx-target="#entries"' in page
    assert 'id="id_symbol_error"' in page


@pytest.mark.parametrize("tab", LISTS)
def test_the_next_page_and_the_file_keep_the_filter(
    browser: Client, portfolio: Portfolio, tab: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accounts.page_lists.ROWS", 1)
    first = browser.get(f"/portfolios/{portfolio.id}/{tab}?kind=buy&kind=sell")
    assert kinds(first) == ["sell"]
    second = browser.get(first.context["older_href"])
    assert (kinds(second), second.context["older_href"]) == (["buy"], None)
    for page in (first, second):
        asked = parse_qs(urlsplit(page.context["file_href"] + "format=csv").query)
        assert asked == {"kind": ["buy", "sell"], "format": ["csv"]}
    # A place in another list starts this one again.
    moved = first.context["older_href"].replace("kind=sell", "kind=deposit")
    assert kinds(browser.get(moved)) == ["buy"]


@pytest.mark.parametrize("tab", LISTS)
def test_a_file_has_what_the_page_shows(browser: Client, portfolio: Portfolio, tab: str) -> None:
    page = browser.get(f"/portfolios/{portfolio.id}/{tab}?kind=buy&kind=sell&symbol=AAPL")
    file = browser.get(page.context["file_href"] + "format=csv")
    assert file["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(b"".join(file).decode().splitlines()))
    ids = dict.fromkeys(row["id" if tab == "activities" else "entry_id"] for row in rows)
    assert list(ids) == [str(row.id) for row in reversed(page.context["entries"])]


@pytest.mark.parametrize("tab", LISTS)
def test_strangers_get_neither_page_nor_file(
    client: Client, portfolio: Portfolio, tab: str
) -> None:
    address = f"/portfolios/{portfolio.id}/{tab}"
    queries = ("?kind=buy", "/file?kind=buy&format=csv")
    assert [client.get(address + query).status_code for query in queries] == [302, 302]
    client.force_login(make_user("charlie@example.com"))
    assert [client.get(address + query).status_code for query in queries] == [404, 404]
