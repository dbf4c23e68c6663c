"""Series of several symbols in pages: by symbol, then by time, as Alpaca's client reads on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from accounts.cursors import BadCursor, Listing
from market.models import Instrument

Place = tuple[str, ...]  # of an item within its symbol's series, as text
Item = tuple[Place, dict[str, Any]]
# Items of one instrument after a place, at most so many, in the order asked for.
Fetch = Callable[[Instrument, Place | None, int], Sequence[Item]]


@dataclass(frozen=True, slots=True)
class SeriesPage:
    items: dict[str, list[dict[str, Any]]]  # by symbol as asked; symbols without any are left out
    next_page_token: str | None


def read_page(
    instruments: Mapping[str, Instrument],
    fetch: Fetch,
    *,
    listing: Listing,
    limit: int,
    token: str | None,
) -> SeriesPage:
    """The items after a token, over all symbols at most ``limit``.

    Raises:
        BadCursor: the token is of no such question.
    """
    begun, place = read_token(listing, token)
    items: dict[str, list[dict[str, Any]]] = {}
    left, last = limit, None
    for symbol in sorted(instruments):
        if begun is not None and symbol < begun:
            continue
        after = place if symbol == begun else None
        found = fetch(instruments[symbol], after, left + 1)
        for where, item in found[:left]:
            items.setdefault(symbol, []).append(item)
            last = (symbol, *where)
        if len(found) > left:
            return SeriesPage(items, None if last is None else listing.seal(last))
        left -= len(found)
    return SeriesPage(items, None)


def read_token(listing: Listing, token: str | None) -> tuple[str | None, Place | None]:
    """The symbol and the place in its series at which the page begins; both None for the first.

    Raises:
        BadCursor: the token is not of this listing.
    """
    if not token:
        return None, None
    try:
        symbol, *place = listing.unseal(token)
    except ValueError:
        raise BadCursor from None
    return symbol, tuple(place)
