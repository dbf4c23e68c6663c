"""A matcher hears every price, also one that came while it was not yet listening."""

from __future__ import annotations

import pytest

from market.live import live_quotes
from market.values import quote_to_wire
from tests.factories import make_price_message
from tests.trading.factories import NOON, make_instrument, publish_quote
from trading.shards.wakeups import Wakeups

pytestmark = pytest.mark.django_db


def test_a_price_from_before_it_listened_is_looked_up_once() -> None:
    apple = make_instrument()
    wakeups = Wakeups(shard=0, shards=1)
    publish_quote(apple, ask="98.00", bid="97.90")
    try:
        wakeups.wait(0.01)
        assert wakeups.has_changes([apple.id])
        assert asks(wakeups, apple.id) == ["98"]
        assert not wakeups.has_changes([apple.id])
        assert asks(wakeups, apple.id) == []
    finally:
        wakeups.close()


def test_a_price_is_heard_as_soon_as_it_listens() -> None:
    apple = make_instrument()
    wakeups = Wakeups(shard=0, shards=1)
    try:
        wakeups.wait(0.01)
        asks(wakeups, apple.id)
        quote = publish_quote(apple, ask="97.00", bid="96.90")
        message = make_price_message(quotes=[quote_to_wire(quote, with_depth=True)])
        live_quotes.valkey().publish(live_quotes.prices_channel("0"), message)
        wakeups.wait(5)
        assert asks(wakeups, apple.id) == ["97"]
    finally:
        wakeups.close()


def asks(wakeups: Wakeups, instrument_id: int) -> list[str]:
    """What it would match what rests with."""
    found = wakeups.quotes(needed=(), resting=[instrument_id], look_at_all=False, now=NOON)
    return [str(quote.ask) for quote in found.values()]
