"""Minutes that an exchange was open for and nothing is stored of. Pure but for one query."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from market import calendar
from market.calendar import Session
from market.intake.bars import SIMULATED
from market.models import Bar, Instrument
from market.values import Interval

MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Gap:
    """Minutes from ``since`` on and before ``until``, all of one session."""

    since: datetime
    until: datetime


def find_gaps(
    stored: Collection[datetime], sessions: Sequence[Session], *, since: datetime, until: datetime
) -> Iterator[Gap]:
    """Runs of missing minutes in the sessions, as far as they lie in the span; ascending."""
    known = frozenset(stored)
    for session in sessions:
        minute = max(session.opens_at, since)
        end = min(session.closes_at, until)
        begins: datetime | None = None
        while minute < end:
            if minute in known:
                if begins is not None:
                    yield Gap(begins, minute)
                begins = None
            elif begins is None:
                begins = minute
            minute += MINUTE
        if begins is not None:
            yield Gap(begins, end)


def gaps_of(instrument: Instrument, *, since: datetime, until: datetime) -> list[Gap]:
    """What is missing of an instrument; both ends whole minutes. Simulated minutes are missing."""
    stored = Bar.objects.filter(
        instrument=instrument, interval=Interval.MINUTE, opened_at__gte=since, opened_at__lt=until
    ).exclude(source=SIMULATED)
    zone = instrument.exchange.timezone
    sessions = calendar.sessions_between(
        calendar.local_date(since, zone), calendar.local_date(until, zone), instrument.exchange_id
    )
    found = find_gaps(
        stored.values_list("opened_at", flat=True), sessions, since=since, until=until
    )
    return list(found)
