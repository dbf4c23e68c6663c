"""Whose alerts the stream of a portfolio tells of."""

from __future__ import annotations

from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from accounts.models import User
from market.alerts.crossing_index import Crossing
from market.alerts.triggering import record_crossings
from market.models import Alert, AlertTrigger, Instrument
from portfolio.models import Portfolio
from tests.market.alert_desk import make_alert
from tests.trading.factories import make_instrument
from tests.trading.test_portfolio_socket import (
    deposit,
    greeted,
    hear,
    make_own_instrument,
    people,
    socket,
    trade,
)
from trading import broadcasts

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.anyio,
    pytest.mark.usefixtures("own_horizon", "closed_connections"),
]


def fire(owner: User, instrument: Instrument, **facts: Any) -> Alert:
    """An alert of his that fires at once."""
    kind, threshold = ("holding_gain_pct", "20") if facts else ("price_above", "110")
    alert = make_alert(instrument, kind, threshold, owner=owner, **facts)
    now = timezone.now()
    level = alert.threshold
    assert level is not None
    crossing = Crossing(alert.id, alert.revision, True, level, level + 1, now)
    assert record_crossings([crossing], recorded_at=now) == set()
    return alert


async def told(communicator: Any, portfolio: Portfolio) -> list[dict[str, Any]]:
    """What was said of alerts by the time that a deposit is."""
    await sync_to_async(deposit)(portfolio)
    await sync_to_async(broadcasts.ring)([portfolio.id])
    return [it for it in await hear(communicator, until="cash") if it["type"] == "alert"]


async def test_an_alert_on_what_is_held_rings_and_is_told_once() -> None:
    alice, _, portfolio = await people()
    apple = await sync_to_async(make_own_instrument)()
    await sync_to_async(trade)(portfolio, apple)
    async with socket(portfolio.id, user=alice) as (_, communicator):
        seen = await greeted(communicator)
        alert = await sync_to_async(fire)(alice, apple)
        (message,) = await hear(communicator, until="alert")
        assert await told(communicator, portfolio) == []
    trigger = await AlertTrigger.objects.aget()
    assert (message["trigger_id"], message["alert_id"]) == (str(trigger.id), str(alert.id))
    async with socket(portfolio.id, user=alice) as (_, communicator):
        await greeted(communicator)
        await communicator.send_json_to({"since": seen})
        replayed = await hear(communicator, until="replayed")
    assert [it for it in replayed if it["type"] == "alert"] == [message]


async def test_an_alert_of_the_portfolio_is_told_there_alone() -> None:
    alice, _, portfolio = await people()
    apple = await sync_to_async(make_own_instrument)()
    await sync_to_async(trade)(portfolio, apple)
    async with socket(portfolio.id, user=alice) as (_, communicator):
        await greeted(communicator)
        alert = await sync_to_async(fire)(alice, apple, portfolio_id=portfolio.id)
        (message,) = await hear(communicator, until="alert")
    assert message["alert_id"] == str(alert.id)


async def test_alerts_on_other_instruments_and_those_of_others_are_not_told() -> None:
    alice, charlie, portfolio = await people()
    apple = await sync_to_async(make_own_instrument)()
    await sync_to_async(trade)(portfolio, apple)
    other = await sync_to_async(make_instrument)("OTHER")
    async with socket(portfolio.id, user=alice) as (_, communicator):
        await greeted(communicator)
        await sync_to_async(fire)(alice, other)
        await sync_to_async(fire)(charlie, apple)
        assert await told(communicator, portfolio) == []
