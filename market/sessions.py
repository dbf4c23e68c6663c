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


def extended_session_of(at: datetime, mic: str) -> Session:
    """The session with its hours before and after it that are open then, else the next such."""
    return calendar.extended_session_of(at, mic, hours=_hours())


def is_extended(at: datetime, mic: str) -> bool:
    """Whether orders for extended hours trade, and no others."""
    return not is_open(at, mic) and extended_session_of(at, mic).opens_at <= at


def has_auctions(mic: str) -> bool:
    """Whether its sessions open and close with an auction."""
    return calendar.has_auctions(mic, hours=_hours())


def _hours() -> Hours:
    return "always" if settings.SIMULATED_EXCHANGE_HOURS == "always" else "real"
