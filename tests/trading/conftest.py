"""After every test that touched the database, each money probe must find nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from market.live import live_quotes
from portfolio.bookkeeping.probes import failed_probes


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
