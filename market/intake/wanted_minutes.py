"""Which minutes of an instrument a run asks for."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.conf import settings

from market import calendar
from market.intake.bars import SIMULATED
from market.intake.gaps import MINUTE, Gap, gaps_of
from market.models import Bar, Instrument, InstrumentFeed
from market.values import Interval

# Some feeds are a quarter of an hour late. Beyond this a session is over for everybody.
AFTER_CLOSE: Final = timedelta(minutes=30)


def wanted_minutes(
    instrument: Instrument, feed: InstrumentFeed, *, now: datetime, with_gaps: bool
) -> list[Gap]:
    """From the newest stored minute on, and before it what is missing.

    Minutes of the simulator count as missing. Between two sessions nobody is asked.
    """
    until = now.replace(second=0, microsecond=0)
    oldest = until - timedelta(days=settings.LIMITS.collection_days)
    stored = Bar.objects.filter(instrument=instrument, interval=Interval.MINUTE)
    newest = (
        stored.exclude(source=SIMULATED)
        .order_by("-opened_at")
        .values_list("opened_at", flat=True)
        .first()
    )
    since = max(oldest, newest + MINUTE) if newest else oldest
    is_gappy = with_gaps and newest is not None
    gaps = gaps_of(instrument, since=oldest, until=min(since, until)) if is_gappy else []
    is_news_likely = since < until and (
        newest is None or may_have_traded(instrument, feed, since=since, until=until)
    )
    return [*gaps, *([Gap(since, until)] if is_news_likely else [])]


def may_have_traded(
    instrument: Instrument, feed: InstrumentFeed, *, since: datetime, until: datetime
) -> bool:
    """Whether a session lies in the span that nobody has been asked about since it was over."""
    zone = instrument.exchange.timezone
    sessions = calendar.sessions_between(
        calendar.local_date(since, zone), calendar.local_date(until, zone), instrument.exchange_id
    )
    asked_at = feed.answered_at
    return any(
        session.opens_at < until
        and session.closes_at > since
        and (asked_at is None or asked_at < session.closes_at + AFTER_CLOSE)
        for session in sessions
    )
