"""The stream of a portfolio tells that cash has changed when a dividend accrues and is paid."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from asgiref.sync import sync_to_async

from market.models import CorporateAction, Instrument
from portfolio.corporate_actions.market_actions import book_market_actions
from portfolio.models import Portfolio
from tests.trading.factories import NOON, give_units, make_instrument
from tests.trading.test_portfolio_socket import greeted, hear, people, socket

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.anyio,
    pytest.mark.usefixtures("own_horizon", "closed_connections"),
]


def held_with_a_dividend(portfolio: Portfolio) -> Instrument:
    apple = make_instrument()
    give_units(portfolio, apple, "10")
    CorporateAction.objects.create(
        instrument=apple,
        kind="dividend",
        ex_date=NOON.date() + timedelta(days=1),
        pay_date=NOON.date() + timedelta(days=9),
        amount_per_share=Decimal(1),
        currency="USD",
        source="test",
    )
    return apple


async def test_cash_is_told_when_a_dividend_accrues_and_when_it_is_paid() -> None:
    alice, _, portfolio = await people()
    apple = await sync_to_async(held_with_a_dividend)(portfolio)
    async with socket(portfolio.id, user=alice) as (_, communicator):
        await greeted(communicator)
        for days, entries in ((2, 1), (10, 2)):
            at = NOON + timedelta(days=days)
            assert await sync_to_async(book_market_actions)(portfolio, [apple.id], at=at) == entries
            assert (await hear(communicator, until="cash"))[-1]["type"] == "cash"
