"""The clock in every page's head: the exchange's time, and whether it trades."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from django import template
from django.conf import settings
from django.utils import timezone

from market import sessions
from market.instruments.exchanges import KNOWN_EXCHANGES

register = template.Library()

MIC: Final = "XNYS"
CITY: Final = "New York"


@dataclass(frozen=True, slots=True)
class MarketClock:
    """``time`` is the exchange's, as hours and minutes; ``title`` tells what comes next."""

    time: str
    timezone: str
    city: str
    is_open: bool
    title: str


@register.inclusion_tag("components/_market_clock.html")
def market_clock() -> dict[str, MarketClock]:
    return {"clock": clock_at(timezone.now())}


def clock_at(at: datetime) -> MarketClock:
    """The clock of the exchange that most of the sample trades on."""
    facts = KNOWN_EXCHANGES[MIC]
    zone = ZoneInfo(facts.timezone)
    session = sessions.session_of(at, MIC)
    is_open = session.opens_at <= at
    if settings.SIMULATED_EXCHANGE_HOURS == "always":
        title = "The simulated exchange never closes"
    elif is_open:
        title = f"{facts.name} closes at {session.closes_at.astimezone(zone):%H:%M}"
    else:
        title = f"{facts.name} opens at {session.opens_at.astimezone(zone):%a %d %b %H:%M}"
    return MarketClock(f"{at.astimezone(zone):%H:%M}", facts.timezone, CITY, is_open, title)
