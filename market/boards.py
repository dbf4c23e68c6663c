"""Lists of instruments with their newest prices, as pages show them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings

from market.charting.small_lines import SmallLine, small_lines
from market.instruments.short_addresses import shortest_addresses
from market.live.live_quotes import latest_quotes
from market.models import Instrument
from market.values import NOT_OF_A_MARKET, QuoteValue


def _of_quote(name: str) -> Any:
    """A property that is the quote's, or None where there is no quote."""
    return property(lambda row: None if row.quote is None else getattr(row.quote, name))


@dataclass(frozen=True, slots=True)
class BoardRow:
    """One instrument, what it costs, and a line of its latest daily closes."""

    instrument: Instrument
    address: str  # the shortest that means only this instrument; prices are subscribed by it
    quote: QuoteValue | None  # None where there never was one
    is_stale: bool
    line: SmallLine
    next_alert: str = ""  # the viewer's nearest alert in short, on lists that show it

    last = _of_quote("last")
    change = _of_quote("change")
    change_pct = _of_quote("change_pct")
    bid = _of_quote("bid")
    bid_size = _of_quote("bid_size")
    ask = _of_quote("ask")
    ask_size = _of_quote("ask_size")
    occurred_at = _of_quote("occurred_at")

    @property
    def is_simulated(self) -> bool:
        """Whether no market has this price now; ``source`` tells why."""
        return self.source in NOT_OF_A_MARKET

    @property
    def source(self) -> str | None:
        return None if self.quote is None else self.quote.source


def board_rows(
    instruments: Iterable[Instrument],
    *,
    at: datetime,
    quotes: Mapping[int, QuoteValue] | None = None,
) -> list[BoardRow]:
    """Rows in the order given, from at most three queries and a read of the quotes unless given."""
    listed = list(instruments)
    ids = [instrument.id for instrument in listed]
    if quotes is None:
        quotes = latest_quotes(ids)
    lines = small_lines(ids, at=at)
    addresses = shortest_addresses(listed)
    return [
        _board_row(
            instrument,
            addresses[instrument.id],
            quotes.get(instrument.id),
            lines[instrument.id],
            at,
        )
        for instrument in listed
    ]


def _board_row(
    instrument: Instrument,
    address: str,
    quote: QuoteValue | None,
    line: SmallLine,
    at: datetime,
) -> BoardRow:
    return BoardRow(
        instrument=instrument,
        address=address,
        quote=quote,
        is_stale=quote is not None and quote.is_stale(at, settings.LIMITS.quote_fresh_seconds),
        line=line,
    )
