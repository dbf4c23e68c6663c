"""Orders placed at the same time do not pass the limit of the tier together."""

from __future__ import annotations

from dataclasses import replace

import pytest

from accounts import tiers
from accounts.tiers import ALLOWANCES, Tier
from tests.portfolio.factories import race
from tests.trading.factories import make_instrument, make_portfolio, make_user, place
from trading.errors import TooManyOpenOrders
from trading.models import Order

pytestmark = pytest.mark.django_db(transaction=True)


def test_only_as_many_as_the_tier_includes_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    few = replace(ALLOWANCES[Tier.STANDARD], open_orders=3)
    monkeypatch.setitem(tiers.ALLOWANCES, Tier.STANDARD, few)
    dora, apple = make_user(tier="standard"), make_instrument()
    # Two portfolios, because orders of one wait for each other at its cash anyway.
    portfolios = [make_portfolio(dora, name="One"), make_portfolio(dora, name="Two")]
    outcomes = race(
        [
            lambda portfolio=portfolios[number % 2]: place(  # type: ignore[misc]
                portfolio, apple, quantity="1", limit="1"
            )
            for number in range(8)
        ]
    )
    refused = [found for found in outcomes if isinstance(found, TooManyOpenOrders)]
    assert (len(refused), Order.objects.count()) == (5, 3)
