"""Several portfolios on one page, what each instrument did, and the indices to compare with."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from html import escape
from urllib.parse import urlencode

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from portfolio.activities import record_activity
from portfolio.models import IndexSeries, Portfolio
from portfolio.portfolios import open_portfolio
from portfolio.recording.activity_rules import ActivityDraft
from portfolio.sharing.members import add_member
from tests.factories import make_daily_bars, make_instrument, make_quote, make_user
from tests.portfolio.factories import draft_trade, post

pytestmark = pytest.mark.django_db

LAST_WEEK = timezone.now() - timedelta(days=7)
CLOSES = b"date,close\n2024-01-02,4000\n2024-01-03,4100\n"


def make_savings(alice: User, name: str) -> Portfolio:
    return open_portfolio(
        owner=alice,
        name=name,
        kind="tracked",
        currency="USD",
        starting_cash=Decimal(10_000),
        opened_at=LAST_WEEK,
    )


@pytest.fixture
def savings(alice: User) -> Portfolio:
    opened = make_savings(alice, "Savings")
    apple = make_instrument("AAPL")
    make_daily_bars(apple, [100] * 7, first_at=LAST_WEEK)
    make_quote(apple, last="110", previous_close="100")
    post(draft_trade(opened, apple, quantity="10", price="100", at=LAST_WEEK, is_settled=True))
    return opened


def test_all_together_adds_up(browser: Client, alice: User, savings: Portfolio) -> None:
    make_savings(alice, "Pension")
    page = browser.get("/combined").content.decode()
    assert "Worth of 2 portfolios, in USD" in page
    assert "$20,100.00" in page
    assert "Pension" in page
    assert "All together" in browser.get("/portfolios").content.decode()
    home = browser.get("/home").content.decode()
    assert 'hx-get="/combined/worth"' in home
    line = browser.get("/combined/worth").content.decode()
    for words in ("Net worth of all 2 portfolios", "$20,100.00", "+$100.00", "+0.50%", "/combined"):
        assert words in line, words


def test_one_portfolio_is_the_whole_worth(browser: Client, alice: User, savings: Portfolio) -> None:
    another = make_user("charlie@example.com")
    theirs, now = make_savings(another, "Theirs"), timezone.now()
    add_member(
        portfolio_id=theirs.id, owner=another, email=alice.email, role="viewer", added_at=now
    )
    assert "/combined/worth" not in browser.get("/home").content.decode()


def test_some_are_chosen(browser: Client, alice: User, savings: Portfolio) -> None:
    make_savings(alice, "Pension")
    page = browser.get(
        "/combined", {"portfolio": [str(savings.id)], "range": "max"}
    ).content.decode()
    assert "Worth of 1 portfolio, in USD" in page
    assert "$10,100.00" in page


def test_a_strangers_is_not_among_them(browser: Client, alice: User, savings: Portfolio) -> None:
    theirs = make_savings(make_user("charlie@example.com"), "Theirs")
    page = browser.get("/combined", {"portfolio": [str(theirs.id)]}).content.decode()
    assert "Theirs" not in page
    compared = browser.get("/combined", {"benchmark_portfolio_id": str(theirs.id)})
    assert compared.status_code == 422


def test_what_is_shared_may_be_chosen(client: Client, alice: User, savings: Portfolio) -> None:
    bob = make_user("bob@example.com")
    now = timezone.now()
    add_member(portfolio_id=savings.id, owner=alice, email=bob.email, role="viewer", added_at=now)
    client.force_login(bob)
    assert "Worth of 1 portfolio" in client.get("/combined").content.decode()


def test_who_has_none_is_sent_to_open_one(browser: Client) -> None:
    assert browser.get("/combined")["Location"] == "/portfolios"


def test_the_page_takes_as_many_queries_however_much_is_held(
    browser: Client, savings: Portfolio
) -> None:
    def queries(path: str) -> int:
        browser.get(path)
        with CaptureQueriesContext(
            connection,
        ) as seen:
            assert browser.get(path).status_code == 200
        return len(seen)

    paths = ("/combined", f"/portfolios/{savings.id}/performance/instruments?range=max")
    before = [queries(path) for path in paths]
    for symbol in ("MSFT", "NVDA", "TSLA", "AMZN"):
        one = make_instrument(symbol)
        make_daily_bars(one, [100] * 7, first_at=LAST_WEEK)
        make_quote(one, last="110", previous_close="100")
        trade = draft_trade(savings, one, quantity="1", price="100", at=LAST_WEEK, is_settled=True)
        post(trade)
    assert [queries(path) for path in paths] == before


def test_each_instrument_is_listed_with_its_gain(browser: Client, savings: Portfolio) -> None:
    page = browser.get(f"/portfolios/{savings.id}/performance/instruments?range=max")
    assert "+$100.00" in page.content.decode()
    assert "+10.00" in page.content.decode()


@pytest.mark.parametrize("page", ["performance", "combined"])
def test_any_days_can_be_measured(browser: Client, savings: Portfolio, page: str) -> None:
    path = "/combined" if page == "combined" else f"/portfolios/{savings.id}/performance"
    first, last = (LAST_WEEK + timedelta(days=days) for days in (2, 4))
    days = {"first_day": f"{first:%Y-%m-%d}", "last_day": f"{last:%Y-%m-%d}"}
    answer = browser.get(path, days)
    text = answer.content.decode()
    found = answer.context["found"]
    assert (found.start, found.end) == (first.date(), last.date())
    assert f'value="{days["first_day"]}"' in text
    assert f"?range=1y&amp;{urlencode(days)}" not in text  # a pill leaves the days
    if page == "performance":
        assert f"/explanations/twr?{escape(urlencode(days))}" in text
        told = browser.get(f"/portfolios/{savings.id}/explanations/start_value", days)
        assert told.context["found"].value == found.start_value
        each = browser.get(f"/portfolios/{savings.id}/performance/instruments", days)
        assert each.context["found"].end == last.date()


@pytest.mark.parametrize(
    "days",
    [
        {"first_day": "2026-02-02", "last_day": "2026-02-01"},
        {"last_day": "2999-01-01"},
        {"first_day": "0001-01-01"},
        {"first_day": "soon"},
    ],
)
def test_days_without_sense_are_refused_at_their_field(
    browser: Client, savings: Portfolio, days: dict[str, str]
) -> None:
    for path in ("/combined", f"/portfolios/{savings.id}/performance"):
        answer = browser.get(path, days)
        assert answer.status_code == 422
        assert answer.context["days"].errors


def test_performance_shows_gross_beside_net(browser: Client, savings: Portfolio) -> None:
    path = f"/portfolios/{savings.id}/performance?range=max"
    assert "before charges" not in browser.get(path).content.decode()
    fee = ActivityDraft(kind="fee", occurred_at=LAST_WEEK, amount=Decimal(500))
    record_activity(portfolio=savings, activity=fee, recorded_at=timezone.now())
    page = browser.get(path).content.decode()
    assert "before charges" in page
    for figure in ("gross_twr", "twr_annualised", "downside_deviation"):
        assert f"/explanations/{figure}?" in page, figure
    assert f"/portfolios/{savings.id}/performance/instruments" in page


def test_an_index_is_brought_compared_with_and_forgotten(
    browser: Client, alice: User, savings: Portfolio
) -> None:
    file = SimpleUploadedFile("w.csv", CLOSES + b"never,1\n")
    page = browser.post("/indices", {"name": "World", "file": file})
    assert "Line 4: date was" in page.content.decode()
    index = IndexSeries.objects.get(owner=alice)
    shown = browser.get(
        f"/portfolios/{savings.id}/performance", {"benchmark_index_id": str(index.id)}
    )
    assert "has no price on a day that needs one" in shown.content.decode()
    more = SimpleUploadedFile("w.csv", b"date,close\n2024-01-04,4200\n")
    browser.post(f"/indices/{index.id}/closes", {"file": more})
    assert index.closes.count() == 3
    assert browser.post(f"/indices/{index.id}/removal").status_code == 302
    assert not IndexSeries.objects.exists()


def test_a_file_without_closes_is_answered(browser: Client) -> None:
    file = SimpleUploadedFile("w.csv", b"when,what\n1,2\n")
    page = browser.post("/indices", {"name": "World", "file": file})
    assert page.status_code == 422
    assert "must name a column date" in page.content.decode()
    wrong = SimpleUploadedFile("w.csv", b"date,close\nnever,2\n")
    page = browser.post("/indices", {"name": "World", "file": wrong})
    assert "line 2: date was" in page.content.decode()


def test_a_strangers_index_is_not_there(browser: Client, client: Client) -> None:
    file = SimpleUploadedFile("w.csv", CLOSES)
    browser.post("/indices", {"name": "World", "file": file})
    index = IndexSeries.objects.get()
    client.force_login(make_user("charlie@example.com"))
    assert client.post(f"/indices/{index.id}/removal").status_code == 404
    more = SimpleUploadedFile("w.csv", CLOSES)
    assert client.post(f"/indices/{index.id}/closes", {"file": more}).status_code == 404
