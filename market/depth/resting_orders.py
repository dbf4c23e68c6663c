"""Where users' resting orders come from: a protocol, because orders belong to an app above."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Protocol, cast

from django.conf import settings
from django.utils.module_loading import import_string

from market.depth.order_books import OrderBook, RestingOrders, build_book
from market.live.live_quotes import latest_quote
from market.models import Instrument


class RestingOrderSource(Protocol):
    """Who knows the orders that rest in our market."""

    def resting_orders(
        self, instrument_ids: Collection[int], *, depth: int, at: datetime
    ) -> dict[int, RestingOrders]:
        """The best ``depth`` prices of each side, by instrument; none for those without orders.

        Raises:
            django.db.DatabaseError: the database is away.
        """


def resting_order_source() -> RestingOrderSource:
    """The source that ``settings.RESTING_ORDERS`` names."""
    return cast("RestingOrderSource", import_string(settings.RESTING_ORDERS)())


def order_book_of(instrument: Instrument, *, depth: int, at: datetime) -> OrderBook:
    """The instrument's book now, from its newest quote and the orders that rest."""
    resting = resting_order_source().resting_orders([instrument.id], depth=depth, at=at)
    quote = latest_quote(instrument.id)
    is_stale = quote is not None and quote.is_stale(at, settings.LIMITS.quote_fresh_seconds)
    found = resting.get(instrument.id, RestingOrders())
    return build_book(quote, found, depth=depth, is_stale=is_stale)
