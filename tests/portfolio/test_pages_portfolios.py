"""The pages of one portfolio: who sees them, and what can be done there."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from accounts.page_lists import ROWS
from portfolio.bookkeeping.entries import EntryKind
from portfolio.models import JournalEntry, LedgerBalance, Portfolio
from portfolio.portfolios import open_portfolio
from tests.api.clients import ApiClient, key_for
from tests.factories import make_instrument, make_quote, make_user
from tests.portfolio.factories import draft_trade, make_tracked, post

pytestmark = pytest.mark.django_db

TABS = (
    *("", "/positions", "/performance", "/allocation", "/income", "/lots", "/activities"),
    *("/journal", "/cash", "/health", "/xray", "/realised"),
)
LAST_WEEK = timezone.now() - timedelta(days=7)


@pytest.fixture
def portfolio(alice: User) -> Portfolio:
    """Ten bought at 100 and four of them sold at 120."""
    opened = make_tracked(alice, name="Savings", cash="10000", opened_at=LAST_WEEK)
    apple = make_instrument("AAPL")
    make_quote(apple, last="110")
    later = LAST_WEEK + timedelta(days=1)
    post(
        draft_trade(opened, apple, quantity="10", price="100", at=LAST_WEEK, is_settled=True),
        draft_trade(
            opened, apple, EntryKind.SELL, quantity="4", price="120", at=later, is_settled=True
        ),
    )
    return opened


def move(portfolio: Portfolio, kind: str, amount: str, reference: object = None) -> dict[str, str]:
    return {"kind": kind, "amount": amount, "note": "", "reference": str(reference or uuid4())}


@pytest.mark.parametrize("tab", TABS)
def test_the_owner_sees_every_tab(browser: Client, portfolio: Portfolio, tab: str) -> None:
    response = browser.get(f"/portfolios/{portfolio.id}{tab}")
    assert response.status_code == 200
    assert 'aria-current="page"' in response.content.decode()


def test_lots_are_shown_page_by_page(browser: Client, portfolio: Portfolio) -> None:
    more = make_instrument("MSFT")
    post(
        *(
            draft_trade(
                portfolio, more, quantity="1", at=LAST_WEEK + timedelta(minutes=at), is_settled=True
            )
            for at in range(ROWS)
        )
    )
    path = f"/portfolios/{portfolio.id}/lots"
    first = browser.get(path)
    assert [one.symbol for one in first.context["lots"]] == ["AAPL"] + ["MSFT"] * (ROWS - 1)
    rest = browser.get(first.context["older_href"])
    (last,) = rest.context["lots"]
    assert last.opened_at == LAST_WEEK + timedelta(minutes=ROWS - 1)
    assert rest.context["older_href"] is None
    api = ApiClient(key_for(portfolio.owner))
    page = api.get(path, symbol="MSFT", limit=ROWS - 1).json()
    (item,) = api.get(path, symbol="MSFT", limit=5, cursor=page["next_cursor"]).json()["items"]
    assert item["lot_id"] == str(last.lot_id)
    assert api.get(path, limit=5, cursor=page["next_cursor"]).status_code == 400


@pytest.mark.parametrize("tab", TABS)
def test_for_a_stranger_there_is_no_such_portfolio(
    client: Client, portfolio: Portfolio, tab: str
) -> None:
    assert client.get(f"/portfolios/{portfolio.id}{tab}").status_code == 302
    client.force_login(make_user("charlie@example.com"))
    assert client.get(f"/portfolios/{portfolio.id}{tab}").status_code == 404


@pytest.mark.parametrize("verb", ["cash/moves", "name", "archival"])
def test_a_stranger_changes_nothing(client: Client, portfolio: Portfolio, verb: str) -> None:
    client.force_login(make_user("charlie@example.com"))
    assert client.post(f"/portfolios/{portfolio.id}/{verb}").status_code == 404
    assert client.get(f"/portfolios/{portfolio.id}/{verb}").status_code == 405


def test_performance_adds_up_on_the_page(browser: Client, portfolio: Portfolio) -> None:
    page = browser.get(f"/portfolios/{portfolio.id}/performance?range=max").content.decode()
    for words in ("+$80.00", "+$60.00", "$10,140.00"):  # realised, not realised, worth now
        assert words in page
    assert "How is this computed?" in page
    assert "unexplained" not in page


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ("?benchmark=aapl&method=average", 200, "over the same days|no price on a day"),
        ("?benchmark=NONE", 422, "There is no instrument"),
        ("?method=guess", 422, "Select a valid choice"),
        ("?range=nonsense", 200, "in 1 year"),
    ],
)
def test_performance_is_measured_as_asked(
    browser: Client, portfolio: Portfolio, query: str, status: int, words: str
) -> None:
    response = browser.get(f"/portfolios/{portfolio.id}/performance{query}")
    assert response.status_code == status
    assert any(choice in response.content.decode() for choice in words.split("|"))


def test_lots_of_one_instrument_alone(browser: Client, portfolio: Portfolio) -> None:
    more = make_instrument("MSFT")
    drafts = [
        draft_trade(
            portfolio, more, quantity="1", at=LAST_WEEK + timedelta(minutes=at), is_settled=True
        )
        for at in range(ROWS + 1)
    ]
    post(*drafts)
    path = f"/portfolios/{portfolio.id}/lots"
    first = browser.get(path, {"symbol": "XNAS:MSFT"})
    assert {one.symbol for one in first.context["lots"]} == {"MSFT"}
    assert "Lots of MSFT" in first.content.decode()
    (last,) = browser.get(first.context["older_href"]).context["lots"]
    assert last.symbol == "MSFT"
    closed = browser.get(path + first.context["status_choices"][1].href)
    assert closed.context["lots"] == []
    assert "Lots of MSFT" in closed.content.decode()
    assert browser.get(path, {"symbol": "NOWHERE"}).status_code == 404


def test_lots_show_what_is_left(browser: Client, portfolio: Portfolio) -> None:
    page = browser.get(f"/portfolios/{portfolio.id}/lots").content.decode()
    assert "of 10" in page
    assert "+$80.00" in page  # realised: four units, 20 each
    assert "No closed lots" in (
        browser.get(f"/portfolios/{portfolio.id}/lots?status=closed").content.decode()
    )


def test_the_journal_shows_both_sides(browser: Client, portfolio: Portfolio) -> None:
    page = browser.get(f"/portfolios/{portfolio.id}/journal").content.decode()
    assert "Sell 4 AAPL at 120.00" in page
    assert "+480.00" in page
    assert "−480.00" in page
    assert "Street" in page


def test_a_long_list_goes_on(
    browser: Client, portfolio: Portfolio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accounts.page_lists.ROWS", 2)
    first = browser.get(f"/portfolios/{portfolio.id}/activities")
    assert "Older" in first.content.decode()
    second = browser.get(first.context["older_href"]).content.decode()
    assert "Deposit" in second
    assert "Older" not in second


def test_opening_a_portfolio(browser: Client, alice: User) -> None:
    form = {"name": "New", "kind": "paper", "currency": "USD", "starting_cash": "2500.50"}
    response = browser.post("/portfolios", form)
    opened = Portfolio.objects.for_user(alice).get()
    assert response.headers["Location"] == f"/portfolios/{opened.id}"
    assert LedgerBalance.objects.get(portfolio=opened).settled == Decimal("2500.50")


@pytest.mark.parametrize(
    "change",
    [{"name": ""}, {"kind": "live"}, {"currency": "XXX"}, {"starting_cash": "-1"},
     {"starting_cash": "1e400"}, {"starting_cash": "abc"}],
)  # fmt: skip
def test_a_portfolio_that_makes_no_sense_is_refused(
    browser: Client, change: dict[str, str]
) -> None:
    form = {"name": "New", "kind": "paper", "currency": "USD", "starting_cash": "10"} | change
    response = browser.post("/portfolios", form)
    assert response.status_code == 422
    assert b"field__errors" in response.content
    assert not Portfolio.objects.exists()


def test_a_deposit_sent_twice_counts_once(browser: Client, portfolio: Portfolio) -> None:
    form = move(portfolio, "deposit", "500", uuid4())
    for _ in range(2):
        response = browser.post(f"/portfolios/{portfolio.id}/cash/moves", form)
        assert response.status_code == 302
    assert JournalEntry.objects.filter(portfolio=portfolio, amount=500).count() == 1
    other = browser.post(f"/portfolios/{portfolio.id}/cash/moves", form | {"amount": "501"})
    assert other.status_code == 422


def test_a_paper_portfolio_pays_out_only_what_it_has(browser: Client, alice: User) -> None:
    paper = open_portfolio(
        owner=alice,
        name="Paper",
        kind="paper",
        currency="USD",
        starting_cash=Decimal(100),
        opened_at=LAST_WEEK,
    )
    response = browser.post(
        f"/portfolios/{paper.id}/cash/moves", move(paper, "withdrawal", "100.01")
    )
    assert response.status_code == 422
    assert b"field__errors" in response.content
    assert LedgerBalance.objects.get(portfolio=paper).settled == 100


def test_renaming_and_closing(browser: Client, portfolio: Portfolio, alice: User) -> None:
    browser.post(f"/portfolios/{portfolio.id}/name", {"name": "Pension"})
    assert Portfolio.objects.for_user(alice).get().name == "Pension"
    assert browser.post(f"/portfolios/{portfolio.id}/name", {"name": " "}).status_code == 422
    browser.post(f"/portfolios/{portfolio.id}/archival")
    assert not Portfolio.objects.for_user(alice).exists()
    assert browser.get(f"/portfolios/{portfolio.id}").status_code == 404


def test_the_list_names_each_portfolio(browser: Client, portfolio: Portfolio) -> None:
    page = browser.get("/portfolios").content.decode()
    assert "Savings" in page
    assert f"/portfolios/{portfolio.id}" in page
