"""Trading hours as this desk is set up: the simulator's exchange may be open always."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings

from market import calendar
from market.calendar import Hours, Session


def session_of(at: datetime, mic: str) -> Session:
    """The session that is open at that moment, else the next one."""
    return calendar.session_of(at, mic, hours=_hours())


def is_open(at: datetime, mic: str) -> bool:
    return calendar.is_open(at, mic, hours=_hours())


def session_close_at(at: datetime, mic: str) -> datetime:
    """When the current session closes; between two sessions, when the next one does."""
    return calendar.session_close_at(at, mic, hours=_hours())


def _hours() -> Hours:
    return "always" if settings.SIMULATED_EXCHANGE_HOURS == "always" else "real"
