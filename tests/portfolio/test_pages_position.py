"""The page of one position: what it was worth day by day, and what is being valued anew."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from market.models import Instrument
from portfolio.bookkeeping.drafts import EntryKind
from portfolio.models import Portfolio
from portfolio.valuation import refresh_valuations
from tests.factories import make_daily_bars, make_instrument, make_quote, make_user
from tests.portfolio.factories import draft_trade, make_tracked, post

pytestmark = pytest.mark.django_db

NOW = timezone.now()
LAST_WEEK = NOW - timedelta(days=7)
YESTERDAY = NOW.date() - timedelta(days=1)


@pytest.fixture
def apple(db: None) -> Instrument:
    made = make_instrument("AAPL")
    make_daily_bars(made, [100] * 8, first_at=LAST_WEEK)
    make_quote(made, last="110", previous_close="100")
    return made


@pytest.fixture
def savings(alice: User, apple: Instrument) -> Portfolio:
    """Ten units bought for 1000 a week ago, two of them sold for 210 three days later."""
    opened = make_tracked(alice, name="Savings", cash="10000", opened_at=LAST_WEEK)
    sold_at = LAST_WEEK + timedelta(days=3)
    post(
        draft_trade(opened, apple, quantity="10", at=LAST_WEEK, is_settled=True),
        draft_trade(
            opened,
            apple,
            EntryKind.SELL,
            quantity="2",
            price="105",
            at=sold_at,
            is_settled=True,
        ),
    )
    refresh_valuations(opened.id, YESTERDAY)
    return opened


def path_of(portfolio: Portfolio, query: str = "?range=max") -> str:
    return f"/portfolios/{portfolio.id}/positions/AAPL/history{query}"


def test_it_tells_what_the_position_did(browser: Client, savings: Portfolio) -> None:
    page = browser.get(path_of(savings))
    text = page.content.decode()
    history = page.context["history"]
    assert history.now.market_value == 880
    assert (history.span.inflow, history.span.outflow, history.span.gain) == (1000, 210, 10)
    assert [day.quantity for day in history.days] == [8, 8, 8, 8, 10, 10, 10]
    assert history.chart.points[-1].value == 880
    assert f"as of {YESTERDAY:%-d %b %Y}" in text
    assert "valued anew" not in text


def test_the_first_day_of_a_range_is_where_it_begins(browser: Client, savings: Portfolio) -> None:
    make_daily_bars(make_instrument("OLD"), [1])
    span = browser.get(path_of(savings, "?range=1y")).context["history"].span
    assert (span.inflow, span.gain) == (1000, 10)


def test_days_on_their_way_are_shown_as_they_were(browser: Client, savings: Portfolio) -> None:
    stale = NOW.date() - timedelta(days=4)
    Portfolio.objects.filter(id=savings.id).update(valuations_stale_from=stale)
    page = browser.get(path_of(savings))
    assert f"The days from {stale:%-d %b %Y} on are being valued anew" in page.content.decode()
    assert len(page.context["history"].days) == 7


def test_a_position_of_long_ago_has_its_days(
    browser: Client, savings: Portfolio, apple: Instrument
) -> None:
    sell = draft_trade(
        savings,
        apple,
        EntryKind.SELL,
        quantity="8",
        at=NOW - timedelta(days=2),
        is_settled=True,
    )
    post(sell, at=NOW)
    refresh_valuations(savings.id, YESTERDAY)
    page = browser.get(path_of(savings))
    assert page.context["history"].now is None
    assert page.context["history"].days[0].quantity == 0
    assert "sold" in page.content.decode()


def test_nobody_else_sees_it(client: Client, savings: Portfolio) -> None:
    assert client.get(path_of(savings)).status_code == 302
    client.force_login(make_user("charlie@example.com"))
    assert client.get(path_of(savings)).status_code == 404


@pytest.mark.parametrize("symbol", ["NOPE", "BARE"])
def test_what_was_never_held_has_no_page(browser: Client, savings: Portfolio, symbol: str) -> None:
    make_instrument("BARE")
    path = f"/portfolios/{savings.id}/positions/{symbol}/history"
    assert browser.get(f"{path}?range=max").status_code == 404
    assert browser.get(f"/portfolios/{uuid4()}/positions/AAPL/history").status_code == 404


def test_the_lots_lead_to_it(browser: Client, savings: Portfolio) -> None:
    lots = browser.get(f"/portfolios/{savings.id}/lots").content.decode()
    assert f"/portfolios/{savings.id}/positions/XNAS:AAPL/history" in lots


def test_the_number_of_queries_is_that_of_any_other(
    browser: Client, savings: Portfolio, apple: Instrument
) -> None:
    browser.get(path_of(savings))
    with CaptureQueriesContext(connection) as few:
        browser.get(path_of(savings))
    others = [make_instrument(f"S{number}") for number in range(4)]
    for other in others:
        make_daily_bars(other, [10] * 8, first_at=LAST_WEEK)
        post(draft_trade(savings, other, price="10", at=LAST_WEEK, is_settled=True), at=NOW)
    refresh_valuations(savings.id, YESTERDAY)
    with CaptureQueriesContext(connection) as many:
        browser.get(path_of(savings))
    assert len(many) == len(few)
