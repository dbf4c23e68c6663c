"""The calendar of settlements, the list of programs, and the same books whatever the order."""

from __future__ import annotations

import random
import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from market.models import Instrument
from portfolio.models import JournalEntry, Portfolio, Posting
from tests.api.clients import ApiClient, key_for
from tests.trading.factories import (
    NOON,
    Clock,
    cash_of,
    facts,
    leading_matcher,
    make_instrument,
    make_portfolio,
    make_user,
    place,
    publish_quote,
    units_of,
)
from trading.models import Order, Settlement
from trading.settlement import settle_due
from trading.settlement_days import settlement_days

pytestmark = pytest.mark.django_db

DAYS = [NOON, NOON + timedelta(days=1), NOON + timedelta(days=2)]  # Wednesday to Friday


@pytest.fixture
def apple(db: None) -> Instrument:
    return make_instrument()


@pytest.fixture
def portfolio(apple: Instrument, settings: Any) -> Portfolio:
    """Bought 10 on Wednesday, 10 on Thursday, sold 5 on Friday, each at 100 or 99, for 5 bps."""
    settings.COMMISSION_SCHEDULE = "retail"
    made = make_portfolio()
    clock = Clock()
    matcher = leading_matcher(clock)
    for day, (side, quantity) in zip(
        DAYS, [("buy", "10"), ("buy", "10"), ("sell", "5")], strict=True
    ):
        clock.now = day
        publish_quote(apple, bid="99.00", ask="100.00", at=day)
        place(made, apple, at=day, side=side, quantity=quantity)
        matcher.work()
    return made


def test_each_day_says_what_comes_in_and_goes_out(portfolio: Portfolio) -> None:
    settle_due(as_of=DAYS[1])
    found = [
        (day.due_date, day.is_settled, day.trades, day.net) for day in settlement_days(portfolio)
    ]
    assert found == [
        (date(2026, 3, 9), False, 1, Decimal(494)),
        (date(2026, 3, 6), False, 1, Decimal(-1001)),
        (date(2026, 3, 5), True, 1, Decimal(-1001)),
    ]


def test_the_page_shows_the_next_day_first(portfolio: Portfolio) -> None:
    settle_due(as_of=DAYS[1])
    client = Client()
    client.force_login(portfolio.owner)
    page = client.get(f"/portfolios/{portfolio.id}/settlements").content.decode()
    assert "Due on 2026-03-06" in page
    assert str(Order.objects.order_by("submitted_at")[1].id) in page
    other = client.get(f"/portfolios/{portfolio.id}/settlements?day=2026-03-05").content.decode()
    assert "Due on 2026-03-05" in other
    cash = client.get(f"/portfolios/{portfolio.id}/cash").content.decode()
    assert f'hx-get="/portfolios/{portfolio.id}/settlements"' in cash
    alone = {"HX-Request": "true", "HX-Target": "settlements"}
    part = client.get(f"/portfolios/{portfolio.id}/settlements", headers=alone).content.decode()
    assert part.lstrip().startswith('<div class="stack"')
    client.force_login(make_user("charlie@example.com"))
    assert client.get(f"/portfolios/{portfolio.id}/settlements").status_code == 404


def test_a_portfolio_that_never_traded_has_no_days(apple: Instrument) -> None:
    portfolio = make_portfolio()
    client = Client()
    client.force_login(portfolio.owner)
    answer = client.get(f"/portfolios/{portfolio.id}/settlements?day=nonsense")
    assert "Nothing to settle" in answer.content.decode()


def test_programs_filter_by_order_symbol_and_day(portfolio: Portfolio) -> None:
    settle_due(as_of=DAYS[1])
    api = ApiClient(key_for(portfolio.owner))
    order = Order.objects.order_by("submitted_at")[1]

    def due(**query: Any) -> list[str]:
        return [one["due_date"] for one in api.get("/settlements", **query).json()["items"]]

    assert due() == ["2026-03-09", "2026-03-06", "2026-03-05"]
    assert due(order_id=order.id) == ["2026-03-06"]
    assert due(start="2026-03-06", end="2026-03-09") == ["2026-03-06"]
    assert due(symbol="AAPL", status="settled") == ["2026-03-05"]
    assert api.get("/settlements", symbol="NOPE").status_code == 404


def books() -> dict[str, Any]:
    """What the books say, without when each settlement was entered."""
    postings = Posting.objects.values_list(
        "entry__external_id",
        "ledger_account__kind",
        "ledger_account__currency",
        "ledger_account__instrument_id",
        "amount",
    )
    return {
        "postings": sorted(map(str, postings)),
        "entries": sorted(JournalEntry.objects.values_list("external_id", flat=True)),
        "waiting": Settlement.objects.filter(settled_at=None).count(),
    }


def settle_in(moments: list[datetime], *, batch_size: int) -> dict[str, Any]:
    with transaction.atomic():
        for moment in moments:
            settle_due(as_of=moment, batch_size=batch_size)
        found = books()
        transaction.set_rollback(True)
    return found


def test_twice_late_or_out_of_order_gives_the_same_books(
    portfolio: Portfolio, apple: Instrument
) -> None:
    """Any runs that end after the last due day; the seed is fixed, the runs are many."""
    last = NOON + timedelta(days=5)
    expected = settle_in([last], batch_size=500)
    assert expected["waiting"] == 0
    chance = random.Random(20240528)
    for _ in range(20):
        moments = [NOON + timedelta(hours=chance.randrange(120)) for _ in range(6)]
        found = settle_in([*moments, last, *moments], batch_size=chance.randrange(1, 4))
        assert found == expected
    settle_due(as_of=last)
    cash = cash_of(portfolio)
    assert facts(cash.to_receive, cash.to_deliver) == (0, 0)
    assert units_of(portfolio, apple).settled == 15


def test_the_navigation_shows_whose_page_it_is(portfolio: Portfolio) -> None:
    """Pages of this app that belong to a portfolio, or to staff, are no pages of orders."""
    portfolio.owner.is_staff = True
    portfolio.owner.save()
    client = Client()
    client.force_login(portfolio.owner)

    def current(path: str) -> str:
        page = client.get(path).content.decode()
        nav = page.partition('<nav class="nav"')[2].partition("</nav>")[0]
        (shown,) = re.findall(r'aria-current="page">.*?<span>(\w+)</span>', nav, flags=re.DOTALL)
        return str(shown)

    for page in ("settlements", "commission", "reset"):
        assert current(f"/portfolios/{portfolio.id}/{page}") == "Portfolios"
    assert current("/operations/books") == "Operations"
    assert current("/orders") == "Orders"
