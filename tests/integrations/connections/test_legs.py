"""Money that is changed at a broker: both legs come into the books, or neither."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace

from django.utils import timezone

from integrations.connections import booking, reconciling
from integrations.connections.legs import batches
from integrations.models import BrokerRow, Connection
from integrations.models.connections import BrokerRowStatus
from market.models import EuroRate
from portfolio.models import JournalEntry, LedgerBalance
from tests.factories import make_instrument
from tests.integrations.connections.desk import START, Desk, told
from trading.brokers import BrokerActivity

CHANGE = [
    replace(told(1, "transfer_in", amount=Decimal(500)), id="change-base", currency="EUR"),
    replace(told(1, "transfer_out", amount=Decimal(550)), id="change-quote"),
]


def publish_rate() -> None:
    EuroRate.objects.create(
        currency="USD", on_date=START.date(), per_euro=Decimal("1.10"), source="ecb"
    )


def changed(*legs: BrokerActivity) -> list[BrokerActivity]:
    return [replace(leg, event_id="change") for leg in legs]


def sync(connection: Connection, activities: list[BrokerActivity]) -> tuple[int, int]:
    """How many rows were new, and how many were booked."""
    new = booking.keep(connection, activities)
    return new, booking.book(connection, at=timezone.now())[BrokerRowStatus.BOOKED]


def cash(connection: Connection) -> dict[str, Decimal]:
    found = LedgerBalance.objects.filter(portfolio=connection.portfolio, instrument=None)
    return {one.currency: one.total for one in found if one.total}


def reasons(connection: Connection) -> list[tuple[str, str]]:
    rows = connection.rows.filter(status=BrokerRowStatus.PROBLEM).order_by("id")
    return [(row.external_id, row.problems[0]["code"]) for row in rows]


def test_both_legs_are_booked_once(desk: Desk) -> None:
    publish_rate()
    connection = desk.connect()
    deposit = told(0, "deposit", amount=Decimal(1000))
    assert sync(connection, [deposit, *changed(*CHANGE)]) == (3, 3)
    assert cash(connection) == {"USD": Decimal(450), "EUR": Decimal(500)}
    assert sync(connection, [deposit, *changed(*CHANGE)]) == (0, 0)
    assert JournalEntry.objects.filter(portfolio=desk.portfolio).count() == 3
    told_cash = {"USD": Decimal(450), "EUR": Decimal(500)}
    assert reconciling.reconcile(connection, positions=None, cash=told_cash) == []


def test_neither_is_booked_where_the_books_refuse_one(desk: Desk) -> None:
    """No rate is known for one of the currencies; once it is, both are booked."""
    connection = desk.connect()
    deposit = told(0, "deposit", amount=Decimal(1000))
    assert sync(connection, [deposit, *changed(*CHANGE)]) == (3, 1)
    assert cash(connection) == {"USD": Decimal(1000)}
    codes = reasons(connection)
    assert [name for name, _ in codes] == ["change-base", "change-quote"]
    assert all("EUR" in row.problems[0]["message"] for row in waiting(connection))
    found = reconciling.reconcile(
        connection, positions=None, cash={"USD": Decimal(450), "EUR": Decimal(500)}
    )
    assert [(one["name"], one["difference"]) for one in found] == [("EUR", "500"), ("USD", "-550")]
    publish_rate()
    assert sync(connection, []) == (0, 2)
    assert reasons(connection) == []
    assert cash(connection) == {"USD": Decimal(450), "EUR": Decimal(500)}


def waiting(connection: Connection) -> list[BrokerRow]:
    return list(connection.rows.filter(status=BrokerRowStatus.PROBLEM).order_by("id"))


def test_neither_is_booked_where_one_names_an_unknown_instrument(desk: Desk) -> None:
    make_instrument("ETH")
    legs = [
        replace(told(1, "transfer_in", symbol="ETH", quantity=Decimal(2)), id="in", currency=""),
        replace(told(1, "transfer_out", symbol="ODD", quantity=Decimal(1)), id="out", currency=""),
    ]
    connection = desk.connect()
    assert sync(connection, changed(*legs)) == (2, 0)
    assert reasons(connection) == [("in", "other_leg_waits"), ("out", "unknown_symbol")]
    (_, out) = waiting(connection)
    assert out.problems[0]["message"] in waiting(connection)[0].problems[0]["message"]
    assert not JournalEntry.objects.filter(portfolio=desk.portfolio).exists()


def test_a_leg_that_is_in_the_books_already_holds_up_nobody(desk: Desk) -> None:
    publish_rate()
    first, second = desk.connect(), desk.connect(name="Again")
    sync(first, [CHANGE[1]])
    assert sync(second, changed(*CHANGE)) == (2, 1)
    assert cash(second) == {"USD": Decimal(-550), "EUR": Decimal(500)}


def test_legs_are_never_parted_by_a_batch() -> None:
    rows = [
        SimpleNamespace(id=id_, event_id=event_id)
        for id_, event_id in enumerate(["", "a", "b", "", "a", "b", "", "c"])
    ]
    found = [[row.id for row in batch] for batch in batches(rows, size=2)]
    assert found == [[0, 1, 4], [2, 5], [3, 6], [7]]
