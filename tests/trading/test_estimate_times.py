"""From when an order would work, and when it would end: said before it is placed, and then so."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.trading.factories import make_instrument, make_portfolio, make_ticket, publish_quote
from trading.orders import estimate_order, place_order

pytestmark = pytest.mark.django_db

OPENS = datetime(2026, 3, 4, 14, 30, tzinfo=UTC)  # 09:30 in New York
CLOSES = datetime(2026, 3, 4, 21, 0, tzinfo=UTC)
DAWN = OPENS - timedelta(hours=2)
NIGHT = CLOSES + timedelta(hours=5)
NEXT_OPENS = OPENS + timedelta(days=1)
NEXT_CLOSES = CLOSES + timedelta(days=1)


@pytest.mark.parametrize(
    ("at", "time_in_force", "extended", "works_from", "expires_at"),
    [
        pytest.param(OPENS, "day", False, None, CLOSES, id="the exchange trades"),
        pytest.param(OPENS, "gtc", False, None, None, id="until cancelled"),
        pytest.param(DAWN, "day", False, OPENS, CLOSES, id="waits for the opening"),
        pytest.param(DAWN, "gtc", True, None, None, id="trades before the opening"),
        pytest.param(NIGHT, "day", False, NEXT_OPENS, NEXT_CLOSES, id="waits for the morning"),
        pytest.param(DAWN, "opg", False, OPENS, OPENS, id="the opening auction"),
        pytest.param(OPENS, "cls", False, CLOSES, CLOSES, id="the closing auction"),
    ],
)
def test_it_says_from_when_the_order_works_and_when_it_ends(  # noqa: PLR0917 - parameters
    settings: Any,
    at: datetime,
    time_in_force: str,
    extended: bool,
    works_from: datetime | None,
    expires_at: datetime | None,
) -> None:
    settings.SIMULATED_EXCHANGE_HOURS = "real"
    portfolio, apple = make_portfolio(), make_instrument()
    publish_quote(apple, at=at)
    ticket = make_ticket(apple, limit="100", tif=time_in_force)
    ticket = replace(ticket, extended_hours=extended)
    estimate = estimate_order(portfolio_id=portfolio.id, ticket=ticket, at=at)
    assert estimate.problems == ()
    assert (estimate.works_from, estimate.expires_at) == (works_from, expires_at)
    order = place_order(portfolio_id=portfolio.id, ticket=ticket, placed_at=at)
    assert order.expires_at == expires_at
