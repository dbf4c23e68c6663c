"""Who hears what about a portfolio."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import AnonymousUser
from django.db import connections

from accounts.api_keys import issue_key
from accounts.identifiers import new_id
from accounts.models import User
from portfolio.models import Portfolio
from tests.trading.factories import NOON, make_portfolio, make_user
from trading import broadcasts
from trading.broadcasts import Announcer, News
from trading.routing import websocket_urlpatterns

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.anyio]

application = URLRouter(websocket_urlpatterns)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
async def closed_connections(anyio_backend: str) -> AsyncIterator[None]:
    """Close what the event loop's thread opened, or the database could not be dropped."""
    yield
    await sync_to_async(connections.close_all)()


@asynccontextmanager
async def socket(
    portfolio_id: object, *, user: object = None, key: str | None = None
) -> AsyncIterator[tuple[bool, Any]]:
    headers = [(b"authorization", f"Bearer {key}".encode())] if key else []
    communicator = WebsocketCommunicator(
        application, f"/ws/v1/portfolios/{portfolio_id}", headers=headers
    )
    communicator.scope["user"] = user or AnonymousUser()
    is_open, _ = await communicator.connect()
    try:
        yield is_open, communicator
    finally:
        await communicator.disconnect()


async def people() -> tuple[User, User, Portfolio]:
    alice = await sync_to_async(make_user)()
    charlie = await sync_to_async(make_user)("charlie@example.com")
    return alice, charlie, await sync_to_async(make_portfolio)(alice)


def key_of(owner: User, *, portfolio_ids: tuple[object, ...] = (), **fields: Any) -> str:
    _, text = issue_key(
        owner=owner,
        name="program",
        scopes=fields.get("scopes", ["read"]),
        portfolio_ids=portfolio_ids,  # type: ignore[arg-type]
        created_at=NOON,
    )
    return text


async def test_the_owner_hears_orders_fills_and_cash() -> None:
    alice, _, portfolio = await people()
    order_id, fill_id = new_id(), new_id()
    async with socket(portfolio.id, user=alice) as (is_open, communicator):
        assert is_open
        announcer = Announcer()
        news = News(order_ids={order_id: None}, fills={fill_id: order_id}, is_cash_changed=True)
        announcer.announce({portfolio.id: news, uuid4(): News(is_cash_changed=True)})
        heard = [await communicator.receive_json_from(timeout=5) for _ in range(3)]
        await sync_to_async(announcer.close)()
    assert heard == [
        {"type": "order", "order_id": str(order_id)},
        {"type": "fill", "fill_id": str(fill_id), "order_id": str(order_id)},
        {"type": "cash"},
    ]


async def test_a_worker_tells_of_settled_cash() -> None:
    alice, _, portfolio = await people()
    async with socket(portfolio.id, user=alice) as (_, communicator):
        await sync_to_async(broadcasts.cash_changed)([portfolio.id])
        assert await communicator.receive_json_from(timeout=5) == {"type": "cash"}


async def test_what_a_client_says_is_dropped() -> None:
    alice, _, portfolio = await people()
    async with socket(portfolio.id, user=alice) as (_, communicator):
        await communicator.send_to(text_data="not even JSON")
        assert await communicator.receive_nothing()


async def test_a_stranger_an_anonymous_and_an_unknown_portfolio_are_refused() -> None:
    alice, charlie, portfolio = await people()
    for portfolio_id, user in ((portfolio.id, charlie), (portfolio.id, None), (uuid4(), alice)):
        async with socket(portfolio_id, user=user) as (is_open, _):
            assert not is_open


async def test_an_archived_portfolio_is_refused() -> None:
    alice, _, portfolio = await people()
    await Portfolio.objects.filter(id=portfolio.id).aupdate(archived_at=NOON)
    async with socket(portfolio.id, user=alice) as (is_open, _):
        assert not is_open


async def test_a_malformed_id_is_no_address() -> None:
    alice, _, _ = await people()
    with pytest.raises(ValueError, match="No route found"):
        async with socket("not-a-uuid", user=alice):
            pass


async def test_keys_reach_as_far_as_they_are_bound() -> None:
    alice, charlie, portfolio = await people()
    for owner, bound, expected in (
        (alice, (), True),
        (alice, (portfolio.id,), True),
        (alice, (uuid4(),), False),
        (charlie, (), False),
    ):
        key = await sync_to_async(key_of)(owner, portfolio_ids=bound)
        async with socket(portfolio.id, key=key) as (is_open, _):
            assert is_open == expected
