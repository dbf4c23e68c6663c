"""At what hours the exchanges of some instruments trade."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from market import sessions
from market.calendar import local_date
from trading.settlement import trade_dates
from trading.shards.batches import Listing


def hours_of(
    listings: Mapping[int, Listing], instrument_ids: Iterable[int], *, now: datetime
) -> tuple[frozenset[int], frozenset[int]]:
    """Those of the instruments whose exchange does not trade now, and those in extended hours.

    Asks for the trade dates too, so that no transaction waits for a calendar to be loaded.
    """
    closed: set[int] = set()
    extended: set[int] = set()
    for instrument_id in instrument_ids:
        listing = listings.get(instrument_id)
        if listing is None:
            continue
        trade_dates(local_date(now, listing.timezone), listing.mic)
        if sessions.is_open(now, listing.mic):
            continue
        is_extended = sessions.is_extended(now, listing.mic)
        (extended if is_extended else closed).add(instrument_id)
    return frozenset(closed), frozenset(extended)
