"""Which days of an instrument a run asks for, and under which source they are kept."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.conf import settings

from market import calendar
from market.intake.bars import SIMULATED
from market.intake.wanted_minutes import AFTER_CLOSE
from market.models import Bar, Instrument
from market.values import Interval


def day_source(provider: str) -> str:
    """Days that a provider gives as such; those rolled up from its minutes have its own name.

    So neither a later roll-up nor another provider's minutes take the place of such a day.
    """
    return f"{provider}-days"


def wanted_days(instrument: Instrument, *, now: datetime) -> tuple[date, date] | None:
    """The first and the last date: after the newest day that is known as such, up to the latest
    session that is over. None where there is nothing between.
    """
    zone = instrument.exchange.timezone
    today = calendar.local_date(now, zone)
    oldest = today - timedelta(days=settings.LIMITS.collection_history_days)
    newest = newest_known_day(instrument)
    since = oldest
    if newest is not None:
        since = max(oldest, newest + timedelta(days=1))
    over = [
        session.session_date
        for session in calendar.sessions_between(since, today, instrument.exchange_id)
        if session.closes_at + AFTER_CLOSE <= now
    ]
    return (since, over[-1]) if over else None


def newest_known_day(instrument: Instrument) -> date | None:
    """Days of the simulator and days made of minutes or ticks do not count as known."""
    stored = Bar.objects.filter(
        instrument=instrument, interval=Interval.DAY, first_tick_at=None
    ).exclude(source__in=[SIMULATED, *settings.PRICE_PROVIDERS])
    newest = stored.order_by("-opened_at").values_list("opened_at", flat=True).first()
    return calendar.local_date(newest, instrument.exchange.timezone) if newest else None
