"""Placing orders through the API, and filling them."""

from typing import Any
from uuid import uuid4

from django.utils import timezone

from portfolio.models import Portfolio
from tests.api.clients import Answer, ApiClient
from trading.matcher import Matcher


def order_of(portfolio: Portfolio, **changes: Any) -> dict[str, Any]:
    return {
        "portfolio_id": str(portfolio.id),
        "symbol": "AAPL",
        "side": "buy",
        "type": "market",
        "quantity": "10",
    } | changes


def place(api: ApiClient, portfolio: Portfolio, **changes: Any) -> Answer:
    return api.post("/orders", order_of(portfolio, **changes), key=uuid4().hex)


def match() -> None:
    """One pass of the matcher, as its process makes it."""
    matcher = Matcher(shard=0, shards=1, clock=timezone.now)
    assert matcher.lead()
    matcher.work()
