"""A dividend or interest that a broker takes back leaves; it is not paid a second time."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from integrations.brokers.alpaca.parsing import read_activity
from integrations.brokers.fields import Fields
from integrations.brokers.trading212.parsing import read_dividend, read_transaction
from trading.brokers import BrokerActivity


def alpaca(word: str, net_amount: str) -> BrokerActivity:
    found = {
        "id": "1",
        "activity_type": word,
        "net_amount": net_amount,
        "date": "2026-01-05",
        "symbol": "AAPL",
    }
    (read,) = read_activity(Fields(found, of="activity"))
    return read


def test_alpacas_dividends_go_by_their_sign() -> None:
    paid, back = alpaca("DIV", "1.02"), alpaca("DIV", "-1.02")
    assert (paid.kind, paid.symbol, paid.amount) == ("dividend", "AAPL", Decimal("1.02"))
    assert (back.kind, back.symbol, back.amount) == ("fee", "", Decimal("1.02"))


def test_trading_212s_dividends_and_interest_go_by_their_sign() -> None:
    dividend: dict[str, Any] = {
        "reference": "r",
        "amount": Decimal(-3),
        "paidOn": "2026-01-05T00:00:00Z",
        "ticker": "AAPL_US_EQ",
        "type": "ORDINARY",
    }
    (back,) = read_dividend(Fields(dividend, of="dividend"), {}, account_currency="EUR")
    assert (back.kind, back.symbol, back.amount) == ("fee", "", Decimal(3))
    interest = {
        "reference": "i",
        "amount": Decimal(-2),
        "dateTime": "2026-01-05T00:00:00Z",
        "type": "INTEREST_ON_CASH",
    }
    (taken,) = read_transaction(Fields(interest, of="transaction"), account_currency="EUR")
    assert (taken.kind, taken.amount) == ("fee", Decimal(2))
