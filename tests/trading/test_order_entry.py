"""Broken books stop the placing of orders, and nothing else; staff opens it again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.test import Client

from accounts.models import AuditEvent
from market.models import Instrument
from portfolio.bookkeeping import probes
from portfolio.models import Portfolio
from tests.api.clients import ApiClient, key_for
from tests.support.vandals import Vandal, vandal
from tests.trading.factories import (
    NOON,
    give_units,
    make_instrument,
    make_portfolio,
    make_ticket,
    make_user,
    place,
    publish_quote,
)
from trading.changing import cancellation, closing
from trading.models import Order, OrderEntryStop
from trading.order_entry.stops import (
    NotReopenable,
    OrderEntryStopped,
    reopen_order_entry,
    standing_stop,
)
from trading.orders import estimate_order
from trading.placing import order_batch

pytestmark = pytest.mark.django_db(transaction=True)

BREAK = "UPDATE portfolio_ledgerbalance SET settled = settled + 1 WHERE currency = 'USD'"
MEND = "UPDATE portfolio_ledgerbalance SET settled = settled - 1 WHERE currency = 'USD'"


@pytest.fixture
def staff(transactional_db: None) -> Any:
    return make_user("staff@example.com", tier="admin", is_staff=True)


@pytest.fixture
def apple(transactional_db: None) -> Instrument:
    return make_instrument()


@pytest.fixture
def portfolio(apple: Instrument) -> Portfolio:
    made = make_portfolio()
    publish_quote(apple)
    return made


@pytest.fixture
def resting(portfolio: Portfolio, apple: Instrument) -> Order:
    return place(portfolio, apple, limit="90", client_order_id="earlier")


@pytest.fixture
def broken_books(resting: Order) -> Iterator[Vandal]:
    """A violation planted and found; gone again when the test is over."""
    with vandal() as connected:
        connected.execute(BREAK)
        probes.record_failed_probes(checked_at=NOON)
        yield connected
        connection.ensure_connection()
        if probes.failed_probes():
            connected.execute(MEND)


def test_a_violation_stops_every_way_to_place(
    broken_books: Vandal, resting: Order, portfolio: Portfolio, apple: Instrument
) -> None:
    stop = standing_stop()
    assert stop is not None
    assert "probe_balance_drift" in stop.reason
    ticket = make_ticket(apple, limit="90")
    with pytest.raises(OrderEntryStopped):
        place(portfolio, apple, limit="90")
    wishes = [order_batch.Wish(portfolio.id, ticket)]
    with pytest.raises(OrderEntryStopped):
        order_batch.place_orders(wishes=wishes, placed_at=NOON)
    assert Order.objects.count() == 1
    estimate = estimate_order(portfolio_id=portfolio.id, ticket=ticket, at=NOON)
    assert "order_entry_stopped" in {problem.code for problem in estimate.problems}


def test_the_database_itself_refuses_rows(broken_books: Vandal, resting: Order) -> None:
    resting.pk = None
    resting._state.adding = True
    with pytest.raises(DatabaseError, match="order entry is stopped"):
        resting.save(force_insert=True)


def test_closing_a_position_is_placing_too(
    portfolio: Portfolio, apple: Instrument, resting: Order
) -> None:
    give_units(portfolio, apple, "10")
    OrderEntryStop.objects.create(reason="a drill", stopped_at=NOON)
    with pytest.raises(OrderEntryStopped):
        closing.close_position(portfolio_id=portfolio.id, instrument=apple, closed_at=NOON)
    with pytest.raises(OrderEntryStopped):
        closing.close_positions(portfolio_id=portfolio.id, closed_at=NOON)


def test_reads_cancellations_and_repetitions_go_on(
    broken_books: Vandal, resting: Order, portfolio: Portfolio, apple: Instrument
) -> None:
    assert place(portfolio, apple, limit="90", client_order_id="earlier").id == resting.id
    assert cancellation.cancel_order(order_id=resting.id, requested_at=NOON).status
    api = ApiClient(key_for(portfolio.owner))
    assert api.get("/orders").status_code == 200


def test_it_stops_once_and_reopens_only_when_clean(
    broken_books: Vandal, portfolio: Portfolio, apple: Instrument, staff: Any
) -> None:
    probes.record_failed_probes(checked_at=NOON + timedelta(minutes=1))
    assert OrderEntryStop.objects.count() == 1
    at = NOON + timedelta(minutes=2)
    with pytest.raises(NotReopenable):
        reopen_order_entry(reopened_at=at, reopened_by_id=staff.id)
    broken_books.execute(MEND)
    with pytest.raises(NotReopenable):  # mended, and no run has seen it
        reopen_order_entry(reopened_at=at, reopened_by_id=staff.id)
    probes.record_failed_probes(checked_at=at)
    with pytest.raises(OrderEntryStopped):  # clean books do not open it by themselves
        place(portfolio, apple, limit="90")
    reopen_order_entry(reopened_at=at, reopened_by_id=staff.id)
    assert place(portfolio, apple, limit="90").status == "pending_new"
    with pytest.raises(NotReopenable):
        reopen_order_entry(reopened_at=at, reopened_by_id=staff.id)
    said = AuditEvent.objects.filter(target="order_entry_stop").order_by("id")
    assert [event.action for event in said] == ["order_entry.stopped", "order_entry.reopened"]


def test_programs_are_told_and_reopen(
    broken_books: Vandal, portfolio: Portfolio, apple: Instrument, staff: Any
) -> None:
    api = ApiClient(key_for(portfolio.owner))
    admin = ApiClient(key_for(staff, scopes=("read", "trade", "admin")))
    body = {
        "portfolio_id": str(portfolio.id),
        "symbol": "AAPL",
        "side": "buy",
        "type": "limit",
        "quantity": "1",
        "limit_price": "90",
        "time_in_force": "gtc",
    }
    refused = api.post("/orders", body, key="one")
    assert (refused.status_code, refused.json()["code"]) == (503, "order_entry_stopped")
    assert int(refused["Retry-After"]) > 0
    assert api.post("/orders/batch", {"orders": [body]}, key="two").status_code == 503
    assert api.get("/order-entry").status_code == 403
    told = admin.get("/order-entry").json()
    assert (told["is_open"], told["violations"][0]["probe"]) == (False, "probe_balance_drift")
    early = admin.post("/order-entry/reopening")
    assert (early.status_code, early.json()["code"]) == (409, "not_reopenable")
    broken_books.execute(MEND)
    probes.record_failed_probes(checked_at=NOON + timedelta(minutes=1))
    assert admin.post("/order-entry/reopening").json()["is_open"] is True
    assert api.post("/orders", body, key="one").status_code == 201


def test_staff_sees_it_and_reopens_on_the_page(broken_books: Vandal, staff: Any) -> None:
    client = Client()
    client.force_login(staff)
    assert "What is wrong" in client.get("/operations/books").content.decode()
    assert client.post("/operations/books/check").status_code == 302
    client.post("/operations/order-entry/reopening")
    assert standing_stop() is not None
    broken_books.execute(MEND)
    probes.record_failed_probes(checked_at=NOON + timedelta(minutes=1))
    client.post("/operations/order-entry/reopening")
    assert standing_stop() is None
    assert "Earlier stops" in client.get("/operations/books").content.decode()


def test_the_ticket_says_it(broken_books: Vandal, portfolio: Portfolio, apple: Instrument) -> None:
    client = Client()
    client.force_login(portfolio.owner)
    page = client.get(f"/portfolios/{portfolio.id}/ticket?instrument=AAPL").content.decode()
    assert "Order entry is stopped" in page
