"""Every type of order under every time in force: which of them the market takes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

import pytest

from tests.trading.factories import NOON
from tests.trading.test_pretrade import TERMS, problems_of, ticket
from trading.states import OrderType, TimeInForce

PRICES: Final[dict[OrderType, dict[str, Any]]] = {
    OrderType.MARKET: {},
    OrderType.LIMIT: {"limit_price": Decimal(100)},
    OrderType.STOP: {"stop_price": Decimal(110)},
    OrderType.STOP_LIMIT: {"stop_price": Decimal(110), "limit_price": Decimal(111)},
    OrderType.TRAILING_STOP: {"trail_pct": Decimal(5)},
}
DURING_SESSION = replace(
    TERMS, opens_at=NOON - timedelta(hours=2), closes_at=NOON + timedelta(hours=4)
)
BEFORE_SESSION = replace(
    TERMS, is_open=False, opens_at=NOON + timedelta(hours=2), closes_at=NOON + timedelta(hours=8)
)


def refusal_of(kind: OrderType, time_in_force: TimeInForce) -> str:
    if not kind.waits_for_stop:
        return ""
    if time_in_force.is_auction:
        return "not_for_auctions"
    return "" if time_in_force.may_rest else "not_for_stops"


@pytest.mark.parametrize("time_in_force", TimeInForce)
@pytest.mark.parametrize("kind", OrderType)
def test_each_type_is_taken_or_refused_under_each_time_in_force(
    kind: OrderType, time_in_force: TimeInForce
) -> None:
    terms = BEFORE_SESSION if time_in_force is TimeInForce.OPG else DURING_SESSION
    asked = ticket(type=kind, time_in_force=time_in_force, **PRICES[kind])
    refusal = refusal_of(kind, time_in_force)
    expected = [("time_in_force", refusal)] if refusal else []
    assert problems_of(asked, terms=terms) == expected
