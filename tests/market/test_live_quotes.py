"""Newest quotes from Valkey, from the database where Valkey has none or is away."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import orjson
import pytest
from django.conf import LazySettings
from pytest_django.fixtures import DjangoAssertNumQueries

from market.intake.ingestion import store_quotes
from market.live import live_quotes
from market.models import Instrument
from market.values import quote_to_wire
from tests.market.factories import NOON, make_instrument, make_quote

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def rested() -> Iterator[None]:
    live_quotes.rest.end()
    yield
    live_quotes.rest.end()


def remember(instrument: Instrument, last: str) -> None:
    wire = quote_to_wire(make_quote(instrument, last), with_depth=True)
    live_quotes.valkey().hset("quotes", str(instrument.id), orjson.dumps(wire).decode())


def test_a_remembered_quote_comes_back_unchanged(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    stock = make_instrument()
    remember(stock, "12.5")
    with django_assert_num_queries(0):
        assert live_quotes.latest_quote(stock.id) == make_quote(stock, "12.5")


def test_what_valkey_lacks_comes_from_the_database_in_one_query(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    remembered, stored, also_stored, never = (make_instrument() for _ in range(4))
    remember(remembered, "1")
    store_quotes([make_quote(stored, "2"), make_quote(also_stored, "3")])
    ids = [stock.id for stock in (remembered, stored, also_stored, never)]
    with django_assert_num_queries(1):
        quotes = live_quotes.latest_quotes(ids)
    assert {number: str(quote.last) for number, quote in quotes.items()} == {
        remembered.id: "1",
        stored.id: "2.00000000",
        also_stored.id: "3.00000000",
    }
    assert quotes[stored.id] == make_quote(stored, "2")


def test_valkey_away_is_no_error_and_is_not_asked_again_at_once(
    settings: LazySettings, caplog: pytest.LogCaptureFixture
) -> None:
    stock = make_instrument()
    store_quotes([make_quote(stock, "2")])
    settings.REDIS_URL = "unix:///nowhere/valkey.sock"
    for _ in range(3):
        quote = live_quotes.latest_quote(stock.id)
        assert quote is not None
        assert quote.is_stale(NOON + timedelta(minutes=1), 15)
    assert len([line for line in caplog.messages if "Valkey" in line]) == 1


def test_nothing_asked_is_nothing_done(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(0):
        assert live_quotes.latest_quotes([]) == {}


def test_an_instrument_without_any_price_has_none() -> None:
    assert live_quotes.latest_quote(make_instrument().id) is None
