"""What the street offers for each instrument, as long as it is fresh. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from market.values import QuoteValue
from trading.exchange.streets import street_of
from trading.order_book import Street
from trading.shards.batches import Listing

# What quotes have filled: instrument → quote's time → [(is_buy, quantity), …]. At which price does
# not matter, and in an auction says nothing of the level: the best is always used up first.
Used = dict[int, dict[datetime, list[tuple[bool, int]]]]


@dataclass(slots=True)
class Shown:
    """The street's offer for one instrument, its last price, and how old they are."""

    quote_at: datetime
    street: Street
    last: Decimal | None


class Offers:
    """The newest quote of each instrument; what it shows is used up as orders take it."""

    def __init__(self, *, used: Used, quote_fresh_seconds: int) -> None:
        self._shown: dict[int, Shown] = {}
        self._used: Final = used
        self._quote_fresh_seconds: Final = quote_fresh_seconds

    def show(self, quote: QuoteValue, listing: Listing) -> bool:
        """Take in a quote; false when it is no newer than the one that is shown."""
        instrument_id = quote.instrument_id
        shown = self._shown.get(instrument_id)
        if shown is not None and quote.occurred_at <= shown.quote_at:
            return False
        street = street_of(quote, tick_size=listing.tick_size, lot_size=listing.lot_size)
        # After a restart: what this very quote has filled stays used up, and one before it is
        # not shown again.
        for quote_at, fills in self._used.get(instrument_id, {}).items():
            if quote_at > quote.occurred_at:
                return False
            if quote_at == quote.occurred_at:
                for is_buy, quantity in fills:
                    street.use(is_buy=is_buy, quantity=quantity)
        self._used.pop(instrument_id, None)
        self._shown[instrument_id] = Shown(quote.occurred_at, street, quote.last)
        return True

    def fresh(self, instrument_id: int, now: datetime) -> Shown | None:
        shown = self._shown.get(instrument_id)
        if shown is None:
            return None
        age_seconds = (now - shown.quote_at).total_seconds()
        return shown if age_seconds <= self._quote_fresh_seconds else None
