"""After every test that touched the database, each money probe must find nothing.

What tests of a portfolio's stream need is here too.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from asgiref.sync import sync_to_async
from django.db import connections

from market.live import live_quotes
from portfolio.bookkeeping.probes import failed_probes
from tests.support.horizon import OWN_HORIZON
from trading.live import stream_events


@pytest.fixture(autouse=True)
def books_balance(request: pytest.FixtureRequest) -> Iterator[None]:
    uses_database = request.node.get_closest_marker("django_db") is not None
    if uses_database:
        request.getfixturevalue(
            "transactional_db"
            if request.node.get_closest_marker("django_db").kwargs.get("transaction")
            else "db"
        )
    live_quotes.rest.end()
    yield
    if uses_database:
        assert failed_probes() == []


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def own_horizon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_events, "HORIZON", OWN_HORIZON)


@pytest.fixture
async def closed_connections(anyio_backend: str) -> AsyncIterator[None]:
    """Close what the event loop's thread opened, or the database could not be dropped."""
    yield
    await sync_to_async(connections.close_all)()
