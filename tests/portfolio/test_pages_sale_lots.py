"""Naming the lots of a sale on the page."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import uuid4

import pytest
from django.test import Client

from market.models import Instrument
from portfolio.models import JournalEntry, Lot, LotClosure, Portfolio
from tests.factories import make_instrument, make_portfolio, make_user
from tests.portfolio.factories import make_tracked

pytestmark = pytest.mark.django_db

FRAGMENT = {"HX-Request": "true", "HX-Target": "sale-lots"}


@pytest.fixture
def apple() -> Instrument:
    return make_instrument("AAPL")


@pytest.fixture
def tracked() -> Portfolio:
    return make_tracked(make_user(), cash="10000")


@pytest.fixture
def browser(tracked: Portfolio) -> Client:
    client = Client()
    client.force_login(tracked.owner)
    return client


@pytest.fixture
def lots(browser: Client, tracked: Portfolio, apple: Instrument) -> list[Lot]:
    """Ten units at 20 of the 6th, and five at 30 of the 7th."""
    for day, quantity, price in ((6, "10", "20"), (7, "5", "30")):
        send(browser, tracked, kind="buy", day=day, quantity=quantity, unit_price=price)
    return list(Lot.objects.filter(portfolio=tracked).order_by("opened_at"))


def send(
    browser: Client,
    portfolio: Portfolio,
    *,
    kind: str = "sell",
    day: int = 8,
    named: Mapping[str, str] | None = None,
    **more: str,
) -> tuple[int, str]:
    body = {
        "kind": kind,
        "occurred_at": f"2026-01-{day:02}T15:00:00",
        "symbol": "AAPL",
        "quantity": "6",
        "unit_price": "40",
        "reference": uuid4().hex,
    }
    body |= more | dict(named or {})
    answer = browser.post(f"/portfolios/{portfolio.id}/activities/new", body)
    return answer.status_code, answer.content.decode()


def field(lot: Lot) -> str:
    return f"lot_{lot.id.hex}"


def used(portfolio: Portfolio) -> dict[object, int]:
    closures = LotClosure.objects.filter(lot__portfolio=portfolio)
    return {one.lot_id: int(one.quantity) for one in closures}


def test_a_sale_uses_the_lots_it_names(
    browser: Client, tracked: Portfolio, lots: list[Lot]
) -> None:
    older, newer = lots
    status, _ = send(browser, tracked, named={field(older): "2", field(newer): "4"})
    assert status == 302
    assert used(tracked) == {older.id: 2, newer.id: 4}


def test_without_names_the_method_chooses(
    browser: Client, tracked: Portfolio, lots: list[Lot]
) -> None:
    assert send(browser, tracked, named={field(lots[1]): ""})[0] == 302
    assert used(tracked) == {lots[0].id: 6}


def test_the_lots_are_shown_when_they_are_asked_for(
    browser: Client, tracked: Portfolio, lots: list[Lot]
) -> None:
    address = f"/portfolios/{tracked.id}/activities/new"
    body = {"kind": "sell", "symbol": "AAPL", "show_lots": "yes", field(lots[0]): "3"}
    part = browser.post(address, body, headers=FRAGMENT)
    text = part.content.decode()
    assert part.status_code == 200
    assert "<html" not in text
    assert all(field(lot) in text for lot in lots)
    assert 'value="3"' in text
    whole = browser.post(address, body).content.decode()
    assert "<html" in whole
    assert field(lots[1]) in whole
    for other in ({"kind": "buy"}, {"symbol": "NOPE"}):
        shown = browser.post(address, body | other, headers=FRAGMENT).content.decode()
        assert field(lots[0]) not in shown
    assert JournalEntry.objects.filter(portfolio=tracked, kind="sell").count() == 0


def test_what_is_wrong_is_said_at_the_lot(
    browser: Client, tracked: Portfolio, lots: list[Lot]
) -> None:
    older, newer = lots
    status, text = send(browser, tracked, named={field(older): "2", field(newer): "1"})
    assert status == 422
    assert "the lots have 3 units, the sell 6" in text
    status, text = send(browser, tracked, named={field(older): "many"})
    assert status == 422
    assert "Enter a number" in text
    status, text = send(browser, tracked, day=6, named={field(older): "0", field(newer): "6"})
    assert status == 422
    assert "quantity was 0, must be &gt; 0" in text
    status, text = send(browser, tracked, day=6, named={field(newer): "6"})
    assert status == 422
    assert "was opened after the sale" in text
    assert used(tracked) == {}


def test_a_lot_that_is_gone_is_not_passed_over(
    browser: Client, tracked: Portfolio, lots: list[Lot]
) -> None:
    assert send(browser, tracked, quantity="10")[0] == 302
    status, text = send(browser, tracked, day=9, quantity="2", named={field(lots[0]): "2"})
    assert status == 422
    assert "not open here any more" in text
    assert used(tracked) == {lots[0].id: 10}


def test_a_sale_that_is_set_right_keeps_its_lots(
    browser: Client, tracked: Portfolio, lots: list[Lot]
) -> None:
    send(browser, tracked, quantity="5", named={field(lots[1]): "5"})
    sale = JournalEntry.objects.get(portfolio=tracked, kind="sell")
    address = f"/portfolios/{tracked.id}/activities/{sale.id}"
    shown = browser.get(address).content.decode()
    assert field(lots[1]) in shown
    assert 'value="5"' in shown
    body = {
        "kind": "sell",
        "occurred_at": "2026-01-08T15:00:00",
        "symbol": "AAPL",
        "quantity": "4",
        "unit_price": "40",
        "reference": uuid4().hex,
        "replaces": str(sale.id),
        field(lots[1]): "4",
    }
    assert browser.post(address, body).status_code == 302
    assert used(tracked) == {lots[1].id: 4}


def test_nothing_is_chosen_where_all_lots_are_one(
    browser: Client, tracked: Portfolio, lots: list[Lot]
) -> None:
    address = f"/portfolios/{tracked.id}/activities/new"
    assert "Choose lots to sell" in browser.get(address).content.decode()
    browser.post(f"/portfolios/{tracked.id}/lots/method", {"lot_method": "average"})
    assert "Choose lots to sell" not in browser.get(address).content.decode()
    paper = make_portfolio(tracked.owner)
    page = browser.get(f"/portfolios/{paper.id}/activities/new").content.decode()
    assert "Choose lots to sell" not in page
