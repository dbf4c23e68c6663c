"""That the stream of a portfolio tells what becomes of positions that are to be sold."""

from __future__ import annotations

from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async

from market.models import Instrument
from portfolio.models import Portfolio
from tests.trading.factories import NOON, give_units, leading_matcher, place, publish_quote
from tests.trading.test_portfolio_socket import (
    SHARD,
    SHARDS,
    greeted,
    hear,
    make_own_instrument,
    people,
    socket,
)
from trading.changing.closing import close_position
from trading.changing.closing_followed import carry_out_closings
from trading.models import PositionClosing

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.anyio,
    pytest.mark.usefixtures("own_horizon", "closed_connections"),
]


def wish(portfolio: Portfolio, apple: Instrument) -> None:
    """That all of it be sold, while an order holds it."""
    give_units(portfolio, apple, "10")
    publish_quote(apple)
    place(portfolio, apple, side="sell", limit="150", quantity="10", tif="gtc")
    assert close_position(portfolio_id=portfolio.id, instrument=apple, closed_at=NOON).is_pending


def refuse() -> None:
    """End the order when the market has no fresh price any more."""
    leading_matcher(shard=SHARD, shards=SHARDS).work()
    assert carry_out_closings(at=NOON + timedelta(minutes=5)) == 1


async def test_a_wish_and_its_refusal_are_told_each_once_and_again_after_a_break() -> None:
    alice, _, portfolio = await people()
    apple = await sync_to_async(make_own_instrument)()
    async with socket(portfolio.id, user=alice) as (_, communicator):
        seen = await greeted(communicator)
        await sync_to_async(wish)(portfolio, apple)
        asked = (await hear(communicator, until="closing"))[-1]
        await sync_to_async(refuse)()
        refused = (await hear(communicator, until="closing"))[-1]
    closing = await PositionClosing.objects.aget()
    assert closing.outcome == "refused"
    assert asked["closing_id"] == refused["closing_id"] == str(closing.id)
    assert asked["seq"] < refused["seq"]
    async with socket(portfolio.id, user=alice) as (_, communicator):
        await greeted(communicator)
        await communicator.send_json_to({"since": seen})
        replayed = await hear(communicator, until="replayed")
    assert [it for it in replayed if it["type"] == "closing"] == [refused]
