"""When exchanges trade, and when a trade settles. Pure: values in, values out.

Sessions come from the rules in ``exchange_calendars``, which takes a second or two to import
(it brings pandas); so it is imported at the first question and its answer kept as plain arrays.

With ``hours="always"`` an exchange never closes: its session is then the local calendar day, which
ends at local midnight. The simulator's exchange runs so for the demo.
"""

from __future__ import annotations

import bisect
import warnings
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final, Literal
from zoneinfo import ZoneInfo

from market.errors import UnknownExchange
from market.instruments.exchanges import KNOWN_EXCHANGES, ROUND_THE_CLOCK, ExchangeFacts

Hours = Literal["real", "always"]

FIRST_DATE: Final = date(1998, 1, 1)
LAST_DATE: Final = date(2045, 12, 31)  # some rules end in 2049
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

# The first trade date that settles one business day later. Before it: two.
# Sources: SEC release 34-96930 (US); CIRO bulletin 23-0181 (Canada, a day earlier).
T_PLUS_ONE_SINCE: Final = {"US": date(2024, 5, 28), "CA": date(2024, 5, 27)}
SETTLEMENT_SESSIONS: Final = 2

# How long before the opening and after the close orders for extended hours trade, by country: from
# 04:00 to 20:00 in New York, and to 17:00 where the session ends at 13:00.
# Source: NYSE Arca, core and extended trading sessions (https://www.nyse.com/markets/hours-calendars).
EXTENDED_HOURS: Final = {"US": (timedelta(hours=5, minutes=30), timedelta(hours=4))}
NO_EXTENSION: Final = (timedelta(0), timedelta(0))


@dataclass(frozen=True, slots=True)
class Session:
    """One trading day: ``opens_at`` included, ``closes_at`` excluded, both UTC."""

    session_date: date  # local to the exchange
    opens_at: datetime
    closes_at: datetime


@dataclass(frozen=True, slots=True)
class TradingHours:
    """All sessions of a calendar, ascending, as plain numbers to bisect in."""

    days: tuple[int, ...]  # date.toordinal()
    opens: tuple[int, ...]  # seconds since 1970
    closes: tuple[int, ...]

    def session(self, index: int) -> Session:
        return Session(
            session_date=date.fromordinal(self.days[index]),
            opens_at=EPOCH + timedelta(seconds=self.opens[index]),
            closes_at=EPOCH + timedelta(seconds=self.closes[index]),
        )


def exchange_facts(mic: str) -> ExchangeFacts:
    """Raises:
    UnknownExchange: we know no such market identifier code.
    """
    try:
        return KNOWN_EXCHANGES[mic]
    except KeyError:
        raise UnknownExchange(mic) from None


def trading_hours(mic: str) -> TradingHours:
    """The sessions of an exchange from 1998 to 2045.

    Raises:
        UnknownExchange: we know no such market identifier code.
    """
    facts = exchange_facts(mic)
    if facts.calendar == ROUND_THE_CLOCK:
        return _local_days(facts.timezone)
    return _calendar_hours(facts.calendar)


@lru_cache(maxsize=8)
def _local_days(timezone: str) -> TradingHours:
    days = range(FIRST_DATE.toordinal(), LAST_DATE.toordinal() + 2)
    midnights = [
        int((local_midnight(date.fromordinal(day), timezone) - EPOCH).total_seconds())
        for day in days
    ]
    return TradingHours(
        days=tuple(days[:-1]), opens=tuple(midnights[:-1]), closes=tuple(midnights[1:])
    )


@lru_cache(maxsize=32)
def _calendar_hours(calendar: str) -> TradingHours:
    import exchange_calendars  # noqa: PLC0415 - slow, see the module's docstring

    with warnings.catch_warnings():
        # The library is behind what pandas asks of it; nothing here can change that.
        warnings.simplefilter("ignore", DeprecationWarning)
        rules = exchange_calendars.get_calendar(calendar, start=str(FIRST_DATE), end=str(LAST_DATE))
    first_day = date(1970, 1, 1).toordinal()
    days = rules.sessions.to_numpy().astype("datetime64[D]").astype(int) + first_day
    opens = rules.opens.dt.tz_localize(None).to_numpy().astype("datetime64[s]").astype(int)
    closes = rules.closes.dt.tz_localize(None).to_numpy().astype("datetime64[s]").astype(int)
    return TradingHours(
        days=tuple(days.tolist()), opens=tuple(opens.tolist()), closes=tuple(closes.tolist())
    )


def has_auctions(mic: str, *, hours: Hours = "real") -> bool:
    """Whether its sessions open and close with an auction: not where it trades round the clock.

    Raises:
        UnknownExchange: we know no such market identifier code.
    """
    return exchange_facts(mic).calendar != ROUND_THE_CLOCK and hours == "real"


def session_of(at: datetime, mic: str, *, hours: Hours = "real") -> Session:
    """The session that is open at that moment, else the next one.

    Raises:
        UnknownExchange: we know no such market identifier code.
        ValueError: the moment lies outside 1998 to 2045.
    """
    if hours == "always":
        return _local_day(at, ZoneInfo(exchange_facts(mic).timezone))
    known = trading_hours(mic)
    index = bisect.bisect_right(known.closes, (at - EPOCH).total_seconds())
    if index >= len(known.days) or at.year < FIRST_DATE.year:
        raise ValueError(f"time was {at}, must lie from {FIRST_DATE.year} to {LAST_DATE.year}")
    return known.session(index)


def is_open(at: datetime, mic: str, *, hours: Hours = "real") -> bool:
    return session_of(at, mic, hours=hours).opens_at <= at


def session_close_at(at: datetime, mic: str, *, hours: Hours = "real") -> datetime:
    """When the current session closes; between two sessions, when the next one does."""
    return session_of(at, mic, hours=hours).closes_at


def extended_session_of(at: datetime, mic: str, *, hours: Hours = "real") -> Session:
    """The session with its hours before and after it that are open then, else the next such."""
    if hours == "always":
        return session_of(at, mic, hours=hours)
    before, after = EXTENDED_HOURS.get(exchange_facts(mic).country, NO_EXTENSION)
    session = session_of(at - after, mic, hours=hours)
    return Session(session.session_date, session.opens_at - before, session.closes_at + after)


def sessions_between(start_date: date, end_date: date, mic: str) -> list[Session]:
    """The real sessions of these exchange-local dates, both included, ascending."""
    known = trading_hours(mic)
    first = bisect.bisect_left(known.days, start_date.toordinal())
    after = bisect.bisect_right(known.days, end_date.toordinal())
    return [known.session(index) for index in range(first, after)]


def settlement_date(trade_date: date, mic: str) -> date:
    """When a trade settles: one business day later, two under the older rules.

    A trade on a day without a session counts as made in the next session.

    Raises:
        UnknownExchange: we know no such market identifier code.
        ValueError: the date lies outside 1998 to 2045.
    """
    since = T_PLUS_ONE_SINCE.get(exchange_facts(mic).country)
    count = 1 if since is not None and trade_date >= since else SETTLEMENT_SESSIONS
    known = trading_hours(mic)
    index = bisect.bisect_left(known.days, trade_date.toordinal()) + count
    if index >= len(known.days) or trade_date < FIRST_DATE:
        raise ValueError(f"date was {trade_date}, must lie from {FIRST_DATE} to {LAST_DATE}")
    return date.fromordinal(known.days[index])


def local_date(at: datetime, timezone: str) -> date:
    return at.astimezone(ZoneInfo(timezone)).date()


def local_midnight(on: date, timezone: str) -> datetime:
    """The start of a local date, in UTC: where the bucket of a daily bar begins."""
    return datetime.combine(on, time(), tzinfo=ZoneInfo(timezone)).astimezone(UTC)


def _local_day(at: datetime, zone: ZoneInfo) -> Session:
    today = at.astimezone(zone).date()
    return Session(
        session_date=today,
        opens_at=datetime.combine(today, time(), tzinfo=zone).astimezone(UTC),
        closes_at=datetime.combine(today + timedelta(days=1), time(), tzinfo=zone).astimezone(UTC),
    )
