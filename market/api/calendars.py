"""When exchanges trade."""

from datetime import date, timedelta
from typing import Annotated, Final

from django.utils import timezone
from ninja import Query, Router
from pydantic import BaseModel, Field

from accounts.auth import KeyAuth
from accounts.errors import Problem, ProblemsError
from accounts.http import ApiRequest
from market import calendar, sessions
from market.schemas import ClockOut, SessionList, SessionOut

router: Final = Router(tags=["Calendar"])

DAYS_MAXIMUM: Final = 366


class ClockWanted(BaseModel):
    exchange: Annotated[str, Field(max_length=4, description="MIC, such as XNAS")] = "XNYS"


class CalendarWanted(ClockWanted):
    start: Annotated[date | None, Field(description="first day, today by default")] = None
    end: Annotated[date | None, Field(description="last day, at most a year later")] = None


@router.get("/market/clock", operation_id="get_clock", response=ClockOut, auth=KeyAuth("read"))
def clock(request: ApiRequest, wanted: Query[ClockWanted]) -> ClockOut:
    """The time, whether the exchange trades now, and its current or next session."""
    mic, now = wanted.exchange.upper(), timezone.now()
    session = sessions.session_of(now, mic)
    return ClockOut(
        exchange=mic,
        at=now,
        is_open=session.opens_at <= now,
        session_date=session.session_date,
        opens_at=session.opens_at,
        closes_at=session.closes_at,
    )


@router.get(
    "/market/calendar", operation_id="get_calendar", response=SessionList, auth=KeyAuth("read")
)
def trading_calendar(request: ApiRequest, wanted: Query[CalendarWanted]) -> SessionList:
    """The exchange's sessions of at most a year; the next 30 days where no dates are given."""
    mic = wanted.exchange.upper()
    first = wanted.start or calendar.local_date(
        timezone.now(), calendar.exchange_facts(mic).timezone
    )
    last = wanted.end or first + timedelta(days=30)
    if not timedelta(0) <= last - first <= timedelta(days=DAYS_MAXIMUM):
        message = f"end was {last}, must lie within {DAYS_MAXIMUM} days after start, {first}."
        raise ProblemsError([Problem("end", "out_of_range", message)])
    found = calendar.sessions_between(first, last, mic)
    return SessionList(items=[SessionOut.from_session(it) for it in found], next_cursor=None)
