"""After every test that touched the database, each money probe must find nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connection

from market import live_quotes


def failed_probes() -> list[str]:
    """What the probes of every app find wrong."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT viewname FROM pg_views WHERE viewname LIKE 'probe\\_%'")
        views = sorted(name for (name,) in cursor.fetchall())
        found = []
        for view in views:
            cursor.execute(f"SELECT detail FROM {view} LIMIT 5")
            found += [f"{view}: {detail}" for (detail,) in cursor.fetchall()]
    return found


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
