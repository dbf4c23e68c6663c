"""Which of the instruments that somebody watches have moved most."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from accounts.models import User
from market.boards import BoardRow, board_rows
from market.live.live_quotes import latest_quotes
from market.models import Instrument, WatchlistItem
from market.values import QuoteValue

MOVERS_MAXIMUM: Final = 100
ONE_DAY: Final = timedelta(days=1)
NO_MOVE: Final = Decimal(0)


def watched_movers(user: User, *, limit: int) -> list[QuoteValue]:
    """Quotes of the instruments on his watchlists that moved most, in either direction.

    Each counts once, however many lists it is on. One query and one read of the quotes.
    """
    watched = WatchlistItem.objects.filter(watchlist__owner=user)
    ids = watched.order_by("instrument_id").values_list("instrument_id", flat=True).distinct()
    return widest_moves(latest_quotes(ids).values())[:limit]


def mover_rows(user: User, *, limit: int, at: datetime) -> list[BoardRow]:
    """The same as rows of a list, the widest move first; five queries and one read of quotes."""
    quotes = {quote.instrument_id: quote for quote in watched_movers(user, limit=limit)}
    instruments = Instrument.objects.select_related("exchange").in_bulk(quotes)
    return board_rows([instruments[number] for number in quotes], at=at, quotes=quotes)


def widest_moves(quotes: Iterable[QuoteValue]) -> list[QuoteValue]:
    """Those that moved at all, by the size of the change in percent, then by symbol.

    A quote a day older than the newest tells of a day that is over for the others, so it is
    left out: what stopped trading after a fall would else lead for ever.
    """
    known = list(quotes)
    newest = max((quote.occurred_at for quote in known), default=None)
    moved = [
        quote
        for quote in known
        if quote.change_pct and newest is not None and quote.occurred_at > newest - ONE_DAY
    ]
    return sorted(
        moved,
        key=lambda quote: (-abs(quote.change_pct or NO_MOVE), quote.symbol, quote.instrument_id),
    )
