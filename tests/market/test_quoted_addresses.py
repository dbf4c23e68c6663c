"""What an address means is asked once a second by a process that hears quotes, else each time."""

from __future__ import annotations

from typing import Any

import pytest

from market.errors import AmbiguousSymbol, UnknownSymbol
from market.live.quoted_addresses import BELIEVED_SECONDS, AddressMemory
from tests.factories import make_instrument

pytestmark = pytest.mark.django_db


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_an_address_is_asked_once_a_second(django_assert_num_queries: Any) -> None:
    clock = Clock()
    memory = AddressMemory(clock)
    memory.begin()
    apple = make_instrument("AAPL")
    assert memory.find("AAPL") == (apple.id, "AAPL")
    with django_assert_num_queries(0):
        assert memory.find("AAPL") == (apple.id, "AAPL")
    apple.symbol = "APPL"
    apple.save()
    clock.now += BELIEVED_SECONDS
    with pytest.raises(UnknownSymbol):
        memory.find("AAPL")


def test_what_is_refused_is_asked_again() -> None:
    memory = AddressMemory()
    memory.begin()
    with pytest.raises(UnknownSymbol):
        memory.find("AAPL")
    apple = make_instrument("AAPL")
    assert memory.find("aapl") == (apple.id, "AAPL")
    make_instrument("AAPL", mic="XLON")
    with pytest.raises(AmbiguousSymbol):
        memory.find("AAPL")


def test_nothing_is_kept_by_processes_that_do_not_hear_quotes(
    django_assert_num_queries: Any,
) -> None:
    memory = AddressMemory()
    apple = make_instrument("AAPL")
    for _ in range(2):
        with django_assert_num_queries(1):
            assert memory.find("AAPL") == (apple.id, "AAPL")
