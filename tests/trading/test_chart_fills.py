"""An investor's fills reach the chart, and nobody else's."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from market.charting.own_fills import fill_source
from portfolio.models import Portfolio
from tests.trading.factories import (
    NOON,
    leading_matcher,
    make_instrument,
    make_portfolio,
    make_user,
    place,
    publish_quote,
)

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


def test_own_fills_are_found_by_time_and_nobody_elses() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    stranger = make_user("charlie@example.com")
    publish_quote(apple, asks=[("100.00", "30")])
    place(portfolio, apple, quantity="10")
    leading_matcher().work()
    fills, span = fill_source(), {"start": NOON - HOUR, "end": NOON + HOUR}
    (found,) = fills.fills_of(portfolio.owner, apple.id, **span)
    assert (found.is_buy, found.quantity, found.price) == (True, Decimal(10), Decimal(100))
    assert fills.fills_of(stranger, apple.id, **span) == []
    assert fills.fills_of(portfolio.owner, make_instrument("MSFT").id, **span) == []
    at = found.executed_at
    assert fills.fills_of(portfolio.owner, apple.id, start=at, end=at) == []
    assert len(fills.fills_of(portfolio.owner, apple.id, start=at, end=at + HOUR)) == 1
    Portfolio.objects.filter(id=portfolio.id).update(archived_at=timezone.now())
    assert fills.fills_of(portfolio.owner, apple.id, **span) == []
