"""Assets, the clock and the calendar, for Alpaca's client."""

from datetime import date, datetime, timedelta
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.utils import timezone
from ninja import Query, Router
from pydantic import BaseModel, Field

from accounts.errors import Problem, ProblemsError
from accounts.http import ApiRequest
from integrations.alpaca_api.answers import answer
from integrations.alpaca_api.asset_json import ASSET_CLASS, EXCHANGES, asset_json, find_instrument
from integrations.alpaca_api.credentials import AccountAuth
from market import calendar, sessions
from market.models import Instrument

router: Final = Router(tags=["Alpaca"])

MIC: Final = "XNYS"  # whose hours Alpaca's clock and calendar tell
CALENDAR_DAYS: Final = 366 * 10


class AssetsWanted(BaseModel):
    status: str | None = None
    asset_class: str | None = None
    exchange: str | None = None
    attributes: str | None = None


class CalendarWanted(BaseModel):
    start: Annotated[date | None, Field(description="first day")] = None
    end: Annotated[date | None, Field(description="last day")] = None
    date_type: str | None = None


@router.get("/v2/assets", auth=AccountAuth("read"))
def list_assets(request: ApiRequest, wanted: Query[AssetsWanted]) -> HttpResponse:
    """Every instrument of the desk; all of them are `us_equity`, of whatever country."""
    rows = Instrument.objects.order_by("symbol", "id")
    if wanted.status in {"active", "inactive"}:
        rows = rows.filter(is_active=wanted.status == "active")
    if wanted.exchange is not None:
        mics = [mic for mic, name in EXCHANGES.items() if name == wanted.exchange]
        rows = rows.filter(exchange__in=mics)
    if wanted.asset_class not in {None, ASSET_CLASS} or wanted.attributes:
        rows = rows.none()
    return answer([asset_json(row) for row in rows])


@router.get("/v2/assets/{symbol}", auth=AccountAuth("read"))
def get_asset(request: ApiRequest, symbol: str) -> HttpResponse:
    """One instrument, by its symbol or its asset id."""
    return answer(asset_json(find_instrument(symbol)))


@router.get("/v2/clock", auth=AccountAuth("read"))
def get_clock(request: ApiRequest) -> HttpResponse:
    """Whether the market is open, and when that changes next."""
    now = timezone.now()
    session = sessions.session_of(now, MIC)
    is_open = session.opens_at <= now
    opens_at = session.opens_at
    if is_open:
        opens_at = sessions.session_of(session.closes_at, MIC).opens_at
    return answer(
        {
            "timestamp": local(now),
            "is_open": is_open,
            "next_open": local(opens_at),
            "next_close": local(session.closes_at),
        }
    )


def local(moment: datetime) -> str:
    """As Alpaca's clock tells times: of the exchange."""
    return moment.astimezone(ZoneInfo(calendar.exchange_facts(MIC).timezone)).isoformat()


@router.get("/v2/calendar", auth=AccountAuth("read"))
def list_calendar(request: ApiRequest, wanted: Query[CalendarWanted]) -> HttpResponse:
    """The sessions of New York, each with its local hours."""
    zone = ZoneInfo(calendar.exchange_facts(MIC).timezone)
    first = wanted.start or timezone.now().astimezone(zone).date()
    last = wanted.end or first + timedelta(days=366)
    if not timedelta(0) <= last - first <= timedelta(days=CALENDAR_DAYS):
        message = f"end was {last}, must lie within ten years after start, {first}."
        raise ProblemsError([Problem("end", "out_of_range", message)])
    return answer([day_json(it, zone) for it in calendar.sessions_between(first, last, MIC)])


def day_json(session: calendar.Session, zone: ZoneInfo) -> dict[str, Any]:
    opens, closes = session.opens_at.astimezone(zone), session.closes_at.astimezone(zone)
    return {
        "date": session.session_date.isoformat(),
        "open": f"{opens:%H:%M}",
        "close": f"{closes:%H:%M}",
        "session_open": f"{opens:%H%M}",
        "session_close": f"{closes:%H%M}",
        "settlement_date": calendar.settlement_date(session.session_date, MIC).isoformat(),
    }
