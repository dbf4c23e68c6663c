"""Shares that a merger turns into others leave and come as one event."""

from __future__ import annotations

from integrations.brokers.fields import Fields
from integrations.brokers.ibkr_flex.parsing import read_corporate_action
from trading.brokers import BrokerActivity


def action(symbol: str, quantity: str, number: str) -> BrokerActivity:
    found = {
        "actionID": "880011",
        "transactionID": number,
        "type": "TC",
        "symbol": symbol,
        "currency": "USD",
        "dateTime": "20250902;202500",
        "quantity": quantity,
        "proceeds": "0",
        "value": "100",
    }
    (read,) = read_corporate_action(Fields(found, of="CorporateAction"))
    return read


def test_both_sides_share_the_event() -> None:
    left, came = action("OLD", "-10", "1"), action("NEW", "5", "2")
    assert [(one.kind, one.symbol, one.event_id) for one in (left, came)] == [
        ("transfer_out", "OLD", "action-880011"),
        ("transfer_in", "NEW", "action-880011"),
    ]
    assert left.id != came.id
