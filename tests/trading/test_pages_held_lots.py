"""The open lots of a position, on the page of its instrument."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from market.models import Instrument
from portfolio.bookkeeping.entries import EntryKind
from portfolio.models import Portfolio
from portfolio.sharing.members import add_member
from tests.factories import make_instrument, make_portfolio, make_quote, make_user
from tests.portfolio.factories import draft_trade, post
from trading.views.tickets import LOTS_SHOWN

pytestmark = pytest.mark.django_db

HTMX = {"hx-request": "true"}
BEGIN = timezone.now() - timedelta(days=60)


@pytest.fixture
def alice() -> User:
    return make_user()


@pytest.fixture
def portfolio(alice: User) -> Portfolio:
    return make_portfolio(alice, opened_at=BEGIN)


@pytest.fixture
def apple() -> Instrument:
    instrument = make_instrument("AAPL")
    make_quote(instrument, last="110", bid="109.99", ask="110.01")
    return instrument


@pytest.fixture
def page(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


def trade(
    portfolio: Portfolio,
    instrument: Instrument,
    quantity: str,
    price: str = "100",
    *,
    day: int,
    kind: EntryKind = EntryKind.BUY,
) -> None:
    draft = draft_trade(
        portfolio,
        instrument,
        kind,
        quantity=quantity,
        price=price,
        at=BEGIN + timedelta(days=day),
        is_settled=True,
    )
    post(draft)


def holding(page: Client, portfolio: Portfolio, address: str = "AAPL") -> str:
    answer = page.get(f"/portfolios/{portfolio.id}/holdings/{address}", headers=HTMX)
    assert answer.status_code == 200
    return answer.content.decode()


def rows(text: str) -> list[list[str]]:
    """The cells of the table of lots, in words."""
    body = text.partition('id="held-lots"')[2].partition("</table>")[0]
    found = re.findall(r"<tr>(.*?)</tr>", body.partition("<tbody>")[2], re.DOTALL)
    cells = [re.findall(r"<t[hd].*?>(.*?)</t[hd]>", row, re.DOTALL) for row in found]
    return [[re.sub(r"<.*?>", "", cell).strip() for cell in row] for row in cells]


def test_each_open_lot_tells_its_day_units_cost_and_gain_now(
    page: Client, portfolio: Portfolio, apple: Instrument
) -> None:
    trade(portfolio, apple, "10", "100", day=1)
    trade(portfolio, apple, "5", "120", day=2)
    trade(portfolio, apple, "4", "130", day=3, kind=EntryKind.SELL)
    first, second = (f"{BEGIN + timedelta(days=day):%-d %b %Y}" for day in (1, 2))
    expected = [[first, "6", "100.00", "+$60.00"], [second, "5", "120.00", "−$50.00"]]
    text = holding(page, portfolio)
    assert rows(text) == expected
    assert f'href="/portfolios/{portfolio.id}/lots?symbol=XNAS%3AAAPL">Lots in detail' in text
    # The desk of the instrument's page begins with the same, and what is fetched again follows.
    assert rows(page.get("/instruments/AAPL/desk", headers=HTMX).content.decode()) == expected
    make_quote(apple, last="120", bid="119.99", ask="120.01")
    assert [row[-1] for row in rows(holding(page, portfolio))] == ["+$120.00", "$0.00"]


def test_of_many_the_first_are_shown_and_the_way_to_all(
    page: Client, portfolio: Portfolio, apple: Instrument
) -> None:
    for day in range(LOTS_SHOWN + 2):
        trade(portfolio, apple, str(day + 1), day=day)
    make_quote(make_instrument("MSFT"))
    text = holding(page, portfolio)
    assert [row[1] for row in rows(text)] == ["1", "2", "3", "4", "5"]
    assert f">All {LOTS_SHOWN + 2} lots</a>" in text
    listed = page.get(f"/portfolios/{portfolio.id}/lots?symbol=XNAS%3AAAPL")
    assert [lot.symbol for lot in listed.context["lots"]] == ["AAPL"] * (LOTS_SHOWN + 2)


def test_more_lots_cost_no_more_queries(
    page: Client, portfolio: Portfolio, apple: Instrument
) -> None:
    counts = []
    for day in range(0, 3 * LOTS_SHOWN, LOTS_SHOWN):
        for later in range(LOTS_SHOWN):
            trade(portfolio, apple, "1", day=day + later)
        holding(page, portfolio)
        with CaptureQueriesContext(connection) as captured:
            holding(page, portfolio)
        counts.append(len(captured))
    assert len(set(counts)) == 1


def test_without_a_price_a_lot_has_no_gain(page: Client, portfolio: Portfolio) -> None:
    quiet = make_instrument("QUIET")
    trade(portfolio, quiet, "2", day=1)
    assert [row[-1] for row in rows(holding(page, portfolio, "QUIET"))] == ["no price"]


def test_nothing_held_shows_no_lots(page: Client, portfolio: Portfolio, apple: Instrument) -> None:
    trade(portfolio, apple, "10", day=1)
    trade(portfolio, apple, "10", day=2, kind=EntryKind.SELL)
    assert "held-lots" not in holding(page, portfolio)


def test_another_exchange_is_another_position(
    page: Client, portfolio: Portfolio, apple: Instrument
) -> None:
    trade(portfolio, apple, "10", day=1)
    make_instrument("AAPL", mic="XLON")
    assert "held-lots" in holding(page, portfolio, "XNAS:AAPL")
    assert "holds no AAPL" in holding(page, portfolio, "XLON:AAPL")


def test_lots_are_shown_to_whom_the_position_is(
    client: Client, alice: User, portfolio: Portfolio, apple: Instrument
) -> None:
    trade(portfolio, apple, "10", day=1)
    now = timezone.now()
    expected = {"editor": 200, "viewer": 403, "": 404}
    for role, status in expected.items():
        person = make_user(f"{role or 'stranger'}@example.com")
        if role:
            add_member(
                portfolio_id=portfolio.id, owner=alice, email=person.email, role=role, added_at=now
            )
        client.force_login(person)
        answer = client.get(f"/portfolios/{portfolio.id}/holdings/AAPL", headers=HTMX)
        assert answer.status_code == status, role
        assert ("held-lots" in answer.content.decode()) is (status == 200)
    client.logout()
    assert client.get(f"/portfolios/{portfolio.id}/holdings/AAPL").status_code == 302


def test_the_average_is_one_lot(page: Client, portfolio: Portfolio, apple: Instrument) -> None:
    Portfolio.objects.filter(id=portfolio.id).update(lot_method="average")
    trade(portfolio, apple, "10", "100", day=1)
    trade(portfolio, apple, "10", "120", day=2)
    ((_, units, unit_cost, gain),) = rows(holding(page, portfolio))
    assert (units, Decimal(unit_cost), gain) == ("20", Decimal(110), "$0.00")
