"""Every case ends with books that balance and derive anew to the same."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from market.calendar import trading_hours
from market.models import Instrument
from portfolio.bookkeeping.probes import failed_probes
from portfolio.bookkeeping.rebuilding import find_differences
from portfolio.models import Portfolio
from tests.api.books import Book
from tests.api.clients import ApiClient


@pytest.fixture(autouse=True)
def balanced_books(db: None, apple: Instrument) -> Iterator[None]:
    trading_hours("XNAS")  # loading calendars takes seconds, which no request should wait for here
    yield
    assert failed_probes() == []
    for portfolio_id in Portfolio.objects.values_list("id", flat=True):
        assert find_differences(portfolio_id) == []


@pytest.fixture
def book(api: ApiClient) -> Book:
    return Book(api)
