"""An investor, his browser, and his books, which are checked after every test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client

from accounts.models import User
from portfolio.bookkeeping.probes import failed_probes
from portfolio.bookkeeping.rebuilding import find_differences
from portfolio.models import Portfolio
from tests.factories import make_user


@pytest.fixture(autouse=True)
def assert_books_balance(request: pytest.FixtureRequest) -> Iterator[None]:
    """Run every probe, and compare what is derived with what is stored."""
    marker = request.node.get_closest_marker("django_db")
    if marker is None or "broken_books" in request.fixturenames:
        yield
        return
    # Asked for here, so that the probes run before the database is emptied.
    request.getfixturevalue("transactional_db" if marker.kwargs.get("transaction") else "db")
    yield
    assert failed_probes() == []
    for portfolio_id in Portfolio.objects.values_list("id", flat=True):
        assert find_differences(portfolio_id) == []


@pytest.fixture
def alice() -> User:
    return make_user("alice@example.com")


@pytest.fixture
def browser(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client
