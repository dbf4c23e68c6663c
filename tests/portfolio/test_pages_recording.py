"""Recording, correcting and undoing activities on the page."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from market.models import Instrument
from portfolio.models import JournalEntry, Portfolio, Position
from tests.factories import make_instrument, make_portfolio, make_user
from tests.portfolio.factories import decimals, make_tracked

pytestmark = pytest.mark.django_db


@pytest.fixture
def tracked(db: Any) -> Portfolio:
    return make_tracked(make_user(), cash="1000")


@pytest.fixture
def apple(db: Any) -> Instrument:
    return make_instrument("AAPL")


@pytest.fixture
def browser(tracked: Portfolio) -> Client:
    client = Client()
    client.force_login(tracked.owner)
    return client


def words(**facts: str) -> dict[str, str]:
    return {
        "kind": "buy",
        "occurred_at": "2026-01-06T15:00:00",
        "symbol": "AAPL",
        "quantity": "10",
        "unit_price": "20",
        "reference": uuid4().hex,
    } | facts


def address(portfolio: Portfolio, *parts: object) -> str:
    return "/".join(["", "portfolios", str(portfolio.id), "activities", *map(str, parts)])


def test_a_form_sent_twice_records_once(
    browser: Client, tracked: Portfolio, apple: Instrument
) -> None:
    assert browser.get(address(tracked, "new")).status_code == 200
    body = words()
    for _ in range(2):
        assert browser.post(address(tracked, "new"), body).status_code == 302
    assert Position.objects.get(portfolio=tracked).quantity == 10
    listed = browser.get(address(tracked)).content.decode()
    assert "Undo this buy" in listed


def test_what_is_wrong_is_said_at_its_field(browser: Client, tracked: Portfolio) -> None:
    answer = browser.post(address(tracked, "new"), words(symbol="NOPE"))
    assert answer.status_code == 422
    answer = browser.post(address(tracked, "new"), words(kind="split", symbol=""))
    assert answer.status_code == 422
    assert "a split needs a symbol" in answer.content.decode()


def test_a_correction_takes_the_place_of_what_was_wrong(
    browser: Client, tracked: Portfolio, apple: Instrument
) -> None:
    browser.post(address(tracked, "new"), words())
    wrong = JournalEntry.objects.get(portfolio=tracked, kind="buy")
    shown = browser.get(address(tracked, wrong.id)).content.decode()
    assert 'value="20"' in shown
    answer = browser.post(address(tracked, wrong.id), words(quantity="7", replaces=str(wrong.id)))
    assert answer.status_code == 302
    position = Position.objects.get(portfolio=tracked)
    assert (position.quantity, position.cost) == decimals(7, 140)
    refused = browser.post(address(tracked, wrong.id), words(quantity="0"))
    assert refused.status_code == 422
    assert Position.objects.get(portfolio=tracked).quantity == 7


def test_an_activity_is_undone(browser: Client, tracked: Portfolio, apple: Instrument) -> None:
    browser.post(address(tracked, "new"), words())
    entry = JournalEntry.objects.get(portfolio=tracked, kind="buy")
    answer = browser.post(address(tracked, entry.id, "reversal"))
    assert answer.status_code == 302
    assert not Position.objects.filter(portfolio=tracked, quantity__gt=0).exists()


def test_another_method_derives_lots_anew(
    browser: Client, tracked: Portfolio, apple: Instrument
) -> None:
    browser.post(address(tracked, "new"), words())
    browser.post(address(tracked, "new"), words(unit_price="40"))
    browser.post(address(tracked, "new"), words(kind="sell", occurred_at="2026-01-07T15:00:00"))
    assert Position.objects.get(portfolio=tracked).cost == 400
    path = f"/portfolios/{tracked.id}/lots/method"
    assert browser.post(path, {"lot_method": "average"}).status_code == 302
    assert Position.objects.get(portfolio=tracked).cost == 300


def test_a_paper_portfolio_takes_money_alone(browser: Client, tracked: Portfolio) -> None:
    paper = make_portfolio(tracked.owner)
    shown = browser.get(address(paper, "new")).content.decode()
    assert 'value="deposit"' in shown
    assert 'value="buy"' not in shown
    assert browser.post(address(paper, "new"), words()).status_code == 422


def test_strangers_record_nothing(tracked: Portfolio) -> None:
    stranger = Client()
    stranger.force_login(make_user("charlie@example.com"))
    assert stranger.get(address(tracked, "new")).status_code == 404


def test_which_market_actions_book_themselves_is_chosen_on_the_page(
    browser: Client, tracked: Portfolio
) -> None:
    path = f"/portfolios/{tracked.id}/lots/method"
    chosen = {"lot_method": "fifo", "booked_actions": "all"}
    assert browser.post(path, chosen).status_code == 302
    tracked.refresh_from_db()
    assert tracked.booked_actions == "all"
    assert (
        '<option value="all" selected>'
        in browser.get(f"/portfolios/{tracked.id}/lots").content.decode()
    )
    browser.post(path, chosen | {"booked_actions": "some"})
    browser.post(path, {"lot_method": "fifo"})  # what is left out stays as it is
    tracked.refresh_from_db()
    assert tracked.booked_actions == "all"
