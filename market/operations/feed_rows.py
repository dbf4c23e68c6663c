"""One instrument's newest prices, and whether they are older than they should be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from django.conf import settings

from market import calendar, sessions
from market.intake.bar_providers import chain_of
from market.models import Instrument, InstrumentFeed, QuoteSnapshot
from market.models.instruments import InstrumentQuerySet

# A scheduled run asks every minute; two missed ones are no accident.
MINUTES_LATE = timedelta(minutes=3)


def listed_feeds() -> InstrumentQuerySet:
    """Active instruments with what a ``FeedRow`` needs."""
    return Instrument.objects.active().select_related("exchange", "quote_snapshot", "feed")


@dataclass(frozen=True, slots=True)
class FeedRow:
    instrument: Instrument
    quote: QuoteSnapshot | None
    feed: InstrumentFeed | None
    chain: str  # who is asked for minutes, in order; empty where nobody is
    is_quote_stale: bool
    are_minutes_stale: bool

    @classmethod
    def of(cls, instrument: Instrument, *, at: datetime) -> Self:
        """Needs ``quote_snapshot`` and ``feed`` at hand. Closed markets are not late."""
        quote = getattr(instrument, "quote_snapshot", None)
        feed = getattr(instrument, "feed", None)
        chain = chain_of(instrument)
        is_open = sessions.is_open(at, instrument.exchange_id)
        # Providers know the real hours, even where the simulator never closes.
        session = calendar.session_of(at, instrument.exchange_id)
        has_minutes = session.opens_at <= at
        fresh = timedelta(seconds=settings.LIMITS.quote_fresh_seconds)
        newest = feed.newest_minute if feed else None
        # What was the newest when the session began is not late before it could be told of more.
        awaited = max(session.opens_at, newest) if newest else session.opens_at
        return cls(
            instrument=instrument,
            quote=quote,
            feed=feed,
            chain=" > ".join(chain),
            is_quote_stale=is_open and (quote is None or at - quote.occurred_at > fresh),
            are_minutes_stale=bool(chain) and has_minutes and at - awaited > MINUTES_LATE,
        )
