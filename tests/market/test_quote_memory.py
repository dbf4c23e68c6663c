"""Quotes that a web process has heard, and what it does about those it has not."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import orjson
import pytest

from market.intake.providers import PriceBatch
from market.live import live_quotes, quote_memory
from market.live.broadcasts import PricePublisher
from market.live.quote_memory import QuoteMemory
from market.live.shard_leader import Shard
from market.values import QuoteValue, quote_to_wire

AT = datetime(2026, 1, 5, 15, 0, tzinfo=UTC)
QUOTE = QuoteValue(
    instrument_id=7,
    symbol="AAPL",
    bid=Decimal("99.99"),
    bid_size=Decimal(10),
    ask=Decimal("100.01"),
    ask_size=Decimal(10),
    last=Decimal(100),
    last_size=Decimal(1),
    previous_close=None,
    bid_levels=((Decimal("99.99"), Decimal(10)),),
    ask_levels=((Decimal("100.01"), Decimal(10)),),
    occurred_at=AT,
    source="simulated",
)


def publish(quote: QuoteValue) -> None:
    publisher = PricePublisher(shard=Shard(0, 1))
    publisher.publish(PriceBatch(quotes=(quote,), ticks=()), at=AT)
    publisher.close()


@pytest.fixture
def listening() -> Iterator[QuoteMemory]:
    memory, stop = QuoteMemory(), threading.Event()
    words = {"pattern": live_quotes.prices_channel("*"), "stop": stop}
    thread = threading.Thread(target=memory.listen, kwargs=words)
    thread.start()
    yield memory
    stop.set()
    thread.join()


def test_what_the_feed_publishes_is_known_with_its_depth(listening: QuoteMemory) -> None:
    deadline = time.monotonic() + 10
    while not listening.find([7]) and time.monotonic() < deadline:
        publish(QUOTE)  # again until the subscription stands
        time.sleep(0.01)
    assert listening.find([7, 8]) == {7: QUOTE}
    newer = replace(QUOTE, last=Decimal(101))
    publish(newer)
    while listening.find([7]) != {7: newer} and time.monotonic() < deadline:
        time.sleep(0.01)
    assert listening.find([7]) == {7: newer}


def test_what_was_not_heard_again_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = QuoteMemory()
    monkeypatch.setattr(quote_memory, "BELIEVED_SECONDS", 0)
    publish_to(memory)
    assert memory.find([7]) == {}


@pytest.mark.django_db
def test_what_is_in_memory_is_asked_from_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = QuoteMemory()
    publish_to(memory)
    monkeypatch.setattr(quote_memory, "memory", memory)
    monkeypatch.setattr(live_quotes, "valkey", unwanted)
    assert live_quotes.latest_quote(7) == QUOTE


def publish_to(memory: QuoteMemory) -> None:
    memory.take_in(orjson.dumps({"quotes": [quote_to_wire(QUOTE, with_depth=True)]}))


def unwanted() -> None:
    raise AssertionError("Valkey was asked")
