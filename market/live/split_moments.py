"""The moment a split takes effect: the newest quote is told anew in shares of now.

Until an instrument trades again its newest quote is of before the split, and whoever multiplies
it by units of after it is wrong by the ratio. Last and previous close are those of before, divided;
nobody offers anything at them, so bid and ask are left out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from market.corporate_actions.adjustment import Split
from market.corporate_actions.live_splits import over_splits
from market.corporate_actions.split_factors import splits_of
from market.intake.providers import PriceBatch
from market.live.live_quotes import latest_quotes
from market.signals import splits_took_effect
from market.values import QuoteValue

# What has not traded for longer keeps the price of then; nobody takes that for one of now.
LOOKS_BACK: Final = timedelta(days=366)


class SplitMoments:
    """Watches the instruments of one shard. One thread looks, another takes what it found."""

    def __init__(self) -> None:
        self._looked_at: datetime | None = None
        self._settled: dict[int, datetime] = {}  # the newest split that needs no look any more
        self._found: deque[QuoteValue] = deque()

    def look(self, instrument_ids: Collection[int], *, at: datetime) -> None:
        """Find quotes that a split has overtaken, and tell of splits since the last look.

        Raises:
            django.db.DatabaseError: the database is away; the next look finds as much.
        """
        begun = {
            number: past
            for number, found in splits_of(instrument_ids, since=(at - LOOKS_BACK).date()).items()
            if (past := [split for split in found if split.ex_at <= at])
        }
        open_ids = [
            number for number, past in begun.items() if self._settled.get(number) != past[-1].ex_at
        ]
        for number, quote in latest_quotes(open_ids).items():
            if quote.occurred_at >= begun[number][-1].ex_at:
                self._settled[number] = begun[number][-1].ex_at
            elif found := restated(quote, begun[number], at=at):
                self._found.append(found)
        if self._looked_at is not None:
            tell(begun, after=self._looked_at)
        self._looked_at = at

    def take(self, newest_at: Callable[[int], datetime | None]) -> list[PriceBatch]:
        """What was found since the last time, to be published; nothing older than what was.

        Args:
            newest_at: of when the quote is that was published last of an instrument.
        """
        found = [self._found.popleft() for _ in range(len(self._found))]
        quotes = {
            quote.instrument_id: quote
            for quote in found
            if (latest := newest_at(quote.instrument_id)) is None or latest < quote.occurred_at
        }
        return [PriceBatch(tuple(quotes.values()), ())] if quotes else []


def restated(quote: QuoteValue, splits: Sequence[Split], *, at: datetime) -> QuoteValue | None:
    """The quote as of the newest split; None where the source divides its prices itself."""
    found = over_splits(quote, splits, at=at)
    if found is quote:
        return None
    return replace(
        found,
        last_size=None,
        bid=None,
        bid_size=None,
        ask=None,
        ask_size=None,
        bid_levels=(),
        ask_levels=(),
        occurred_at=splits[-1].ex_at,
    )


def tell(begun: dict[int, list[Split]], *, after: datetime) -> None:
    """Tell the apps above of what took effect since a moment."""
    ids = [number for number, past in begun.items() if past[-1].ex_at > after]
    if ids:
        splits_took_effect.send(sender=SplitMoments, instrument_ids=ids)
