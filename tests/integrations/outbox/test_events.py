"""What happens on the desk is in the outbox, exactly if it happened."""

from __future__ import annotations

from dataclasses import fields
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.api_keys import issue_key, revoke_key
from accounts.audit import NotInTransaction
from integrations import outbox
from integrations.events.domain_event import ENVELOPE, json_value
from integrations.events.kinds import KINDS, CashDeposited
from integrations.models import OutboxEvent
from portfolio.activities import record_activity
from portfolio.recording.activity_rules import ActivityDraft
from tests.market.alert_desk import Watcher, make_alert
from tests.market.factories import make_tick
from tests.trading.factories import (
    NOON,
    Clock,
    give_units,
    leading_matcher,
    make_instrument,
    make_portfolio,
    make_user,
    place,
    publish_quote,
)
from trading.orders import cancel_order
from trading.settlement import settle_due

pytestmark = pytest.mark.django_db


def told(kind: str) -> list[dict[str, Any]]:
    return list(OutboxEvent.objects.filter(kind=kind).order_by("id").values_list("data", flat=True))


def test_a_filled_order_is_told() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    publish_quote(apple, ask="100.00", size="500")
    order = place(portfolio, apple, quantity="10")
    leading_matcher().work()
    assert told("order.filled") == [
        {
            "portfolio_id": str(portfolio.id),
            "order_id": str(order.id),
            "symbol": "AAPL",
            "side": "buy",
            "type": "market",
            "quantity": "10",
            "filled_quantity": "10",
            "average_price": "100",
            "currency": "USD",
            "reason": "",
        }
    ]
    event = OutboxEvent.objects.get(kind="order.filled")
    assert (event.owner_id, event.occurred_at) == (portfolio.owner_id, NOON)


def test_fills_of_one_moment_are_told_as_one() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    publish_quote(apple, asks=[("100.00", "30"), ("100.05", "20")])
    place(portfolio, apple, quantity="80")
    leading_matcher().work()
    assert [it["filled_quantity"] for it in told("order.partially_filled")] == ["50"]
    assert told("order.filled") == []


def test_a_cancelled_order_is_told() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    publish_quote(apple)
    order = place(portfolio, apple, quantity="1", limit="50")
    matcher = leading_matcher()
    matcher.work()
    assert OutboxEvent.objects.filter(kind__startswith="order.").count() == 0
    cancel_order(order_id=order.id, requested_at=NOON, actor_id=portfolio.owner_id)
    matcher.work()
    assert [it["order_id"] for it in told("order.canceled")] == [str(order.id)]


def test_money_in_and_out_is_told() -> None:
    portfolio = make_portfolio(cash="1000")
    moved = ActivityDraft(kind="withdrawal", occurred_at=NOON, amount=Decimal(100), note="rent")
    record_activity(portfolio=portfolio, activity=moved, recorded_at=NOON)
    assert [it["amount"] for it in told("cash.deposited")] == ["1000"]
    (withdrawn,) = told("cash.withdrawn")
    assert (withdrawn["amount"], withdrawn["note"], withdrawn["symbol"]) == ("100", "rent", None)


def test_a_repeated_activity_is_told_once() -> None:
    portfolio = make_portfolio(cash="0")
    moved = ActivityDraft(
        kind="deposit", occurred_at=NOON, amount=Decimal(100), external_id="bank-1"
    )
    for _ in range(2):
        record_activity(portfolio=portfolio, activity=moved, recorded_at=NOON)
    assert len(told("cash.deposited")) == 1


def test_a_settlement_is_told() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    give_units(portfolio, apple, "5")
    publish_quote(apple, bid="110.00", ask="110.10")
    place(portfolio, apple, side="sell", quantity="5")
    clock = Clock()
    leading_matcher(clock).work()
    before = len(told("settlement.completed"))
    settle_due(as_of=clock.advance(days=3))
    settled = told("settlement.completed")
    assert len(settled) == before + 1
    assert (settled[-1]["symbol"], settled[-1]["amount"]) == ("AAPL", "550")


def test_a_fired_alert_is_told() -> None:
    apple = make_instrument()
    publish_quote(apple, at=timezone.now())
    alert = make_alert(apple, note="sell half")
    watcher = Watcher()
    watcher.see(make_tick(apple, "111", at=timezone.now()))
    watcher.close()
    (fired,) = told("alert.triggered")
    assert (fired["alert_id"], fired["number"]) == (str(alert.id), 1)
    assert (fired["price"], fired["note"]) == ("111", "sell half")


def test_alerts_that_fire_together_are_told_by_one_statement() -> None:
    apple = make_instrument()
    publish_quote(apple, at=timezone.now())
    alerts = [make_alert(apple, threshold=str(number)) for number in range(105, 110)]
    watcher = Watcher()
    with CaptureQueriesContext(connection) as queries:
        watcher.see(make_tick(apple, "111", at=timezone.now()))
    watcher.close()
    fired = told("alert.triggered")
    assert {one["alert_id"] for one in fired} == {str(alert.id) for alert in alerts}
    assert len([one for one in queries if "integrations_outboxevent" in one["sql"]]) == 1


def test_keys_are_told_without_their_secret() -> None:
    owner = make_user()
    key, text = issue_key(owner=owner, name="bot", scopes=["read"], created_at=NOON)
    revoke_key(key_id=key.id, owner=owner, revoked_at=NOON)
    expected = [{"key_id": str(key.id), "name": "bot"}]
    assert told("api_key.created") == told("api_key.revoked") == expected
    assert text not in str(list(OutboxEvent.objects.values()))


def test_what_is_undone_is_not_told() -> None:
    owner = make_user()
    with transaction.atomic():
        issue_key(owner=owner, name="bot", scopes=["read"], created_at=NOON)
        transaction.set_rollback(True)
    assert not OutboxEvent.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_an_event_outside_of_a_transaction_is_refused() -> None:
    portfolio = make_portfolio()
    event = CashDeposited(
        owner_id=portfolio.owner_id,
        occurred_at=NOON,
        portfolio_id=portfolio.id,
        entry_id=portfolio.id,
        amount=Decimal(1),
        currency="USD",
        fees=Decimal(0),
        taxes=Decimal(0),
        symbol=None,
        note="",
    )
    with pytest.raises(NotInTransaction):
        outbox.put([event], recorded_at=NOON)


def test_the_documentation_names_every_kind_and_field() -> None:
    """A row that says "the same" has the fields of the row before it."""
    rows = {}
    latest = ""
    for line in Path("docs/events.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        kind = cells[0].strip("`")
        if len(cells) == 3 and kind in KINDS:
            latest = latest if cells[2] == "the same" else cells[2]
            rows[kind] = [name.strip(" `") for name in latest.split(",")]
    declared = {
        kind: [field.name for field in fields(event) if field.name not in ENVELOPE]
        for kind, event in KINDS.items()
    }
    assert rows == declared


@pytest.mark.parametrize(
    ("number", "text"), [("10.50", "10.5"), ("100", "100"), ("0.000", "0"), ("1E+3", "1000")]
)
def test_numbers_are_plain(number: str, text: str) -> None:
    assert json_value(Decimal(number)) == text
