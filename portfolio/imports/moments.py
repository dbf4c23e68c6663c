"""Dates and times as people and programs write them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from accounts.utc_days import utc_midnight
from portfolio.imports.errors import BadMoment
from portfolio.imports.values import DateOrder

LENGTH_MAXIMUM: Final = 60
NUMERIC: Final = re.compile(r"(\d{1,2})[./\-](\d{1,2})[./\-](\d{4}|\d{2})(?!\d)", re.ASCII)
YEAR_FIRST: Final = re.compile(r"(\d{4})[./\-](\d{1,2})[./\-](\d{1,2})(?!\d)", re.ASCII)
COMPACT: Final = re.compile(r"(\d{4})(\d\d)(\d\d)(?!\d)", re.ASCII)
DAY_NAMED: Final = re.compile(r"(\d{1,2})[\s\-.]*([A-Za-zäû]{3,9})[\s\-.,]*(\d{4})(?!\d)", re.ASCII)
MONTH_NAMED: Final = re.compile(r"([A-Za-z]{3,9})\.?\s+(\d{1,2}),?\s+(\d{4})(?!\d)", re.ASCII)
TIME: Final = re.compile(
    r"(\d{1,2}):?(\d\d)(?::?(\d\d)(?:[.,](\d{1,9}))?)?\s*([AaPp][Mm])?"
    r"\s*(Z|UTC|GMT|E[SD]T|[+-]\d\d:?\d\d)?",
    re.ASCII,
)
# Between a date and its time.
GLUE: Final = " ,;T\t"
# Where a date says two things, as in "01/03/2024 as of 12/29/2023", the first counts.
AS_OF: Final = re.compile(r"\s+as of\s.*$", re.IGNORECASE)
MONTHS: Final = {
    word: number
    for number, words in enumerate(
        (
            *("jan", "feb", "mar mär maa mrt", "apr", "may mai mei", "jun", "jul", "aug"),
            *("sep", "oct okt", "nov", "dec dez"),
        ),
        start=1,
    )
    for word in words.split()
}
# A year of two digits is of the century until this.
PIVOT: Final = 70
EASTERN: Final = ZoneInfo("America/New_York")


def find_date_order(texts: Sequence[str], *, usual: DateOrder | None) -> tuple[DateOrder, bool]:
    """Which of day and month stands first in a whole column, and whether that is certain.

    A number beyond 12 tells; else an order in which the dates run up or down throughout; else
    what is ``usual``, and failing that day before month.
    """
    pairs = [(int(found[1]), int(found[2])) for text in texts if (found := NUMERIC.match(text))]
    if not pairs:
        return usual or DateOrder.DAY_FIRST, True
    first, second = (max(column) for column in zip(*pairs, strict=True))
    if first > 12 >= second:
        return DateOrder.DAY_FIRST, True
    if second > 12 >= first:
        return DateOrder.MONTH_FIRST, True
    if usual is not None:
        return usual, True
    ordered = [order for order in DateOrder if runs_one_way(texts, order)]
    if len(ordered) == 1:
        return ordered[0], True
    return DateOrder.DAY_FIRST, all(one == other for one, other in pairs)


def runs_one_way(texts: Iterable[str], order: DateOrder) -> bool:
    days = []
    for text in texts:
        try:
            days.append(parse_moment(text, order=order, zone="UTC"))
        except BadMoment:
            continue
    if len(set(days)) < 3:
        return False
    return days == sorted(days) or days == sorted(days, reverse=True)


@lru_cache(maxsize=8192)
def parse_moment(text: str, *, order: DateOrder, zone: str, clock: str = "") -> datetime:
    """Read a date with or without a time; without one it is the date's first moment in UTC.

    Args:
        zone: the time zone of times that name none.
        clock: the time of day, where it had a column of its own.

    Raises:
        BadMoment: it is none, or lies outside of the calendar.
    """
    if len(text) > LENGTH_MAXIMUM or len(clock) > LENGTH_MAXIMUM:
        raise BadMoment("was too long for a date")
    shown = f"{text} {clock}".strip()
    text = AS_OF.sub("", text.strip())
    try:
        day, rest = parse_date(text, order)
        if not (rest := rest.strip(GLUE) or clock.strip()):
            return utc_midnight(day)
        return parse_time(day, rest, zone)
    except (ValueError, OverflowError):
        raise BadMoment(
            f"was {shown!r}, must be a date such as 2024-01-31, with a time if there is one"
        ) from None


def parse_date(text: str, order: DateOrder) -> tuple[date, str]:
    """The date that the text begins with, and what follows it."""
    if found := YEAR_FIRST.match(text) or COMPACT.match(text):
        year, month, day = (int(part) for part in found.groups())
    elif found := NUMERIC.match(text):
        one, two, year = (int(part) for part in found.groups())
        day, month = (one, two) if order is DateOrder.DAY_FIRST else (two, one)
        if len(found[3]) == 2:
            year += 2000 if year < PIVOT else 1900
    elif found := DAY_NAMED.match(text):
        day, month, year = int(found[1]), month_of(found[2]), int(found[3])
    elif found := MONTH_NAMED.match(text):
        month, day, year = month_of(found[1]), int(found[2]), int(found[3])
    else:
        raise BadMoment("no date")
    return date(year, month, day), text[found.end() :]


def month_of(word: str) -> int:
    """Raises:
    BadMoment: it is no name of a month.
    """
    if number := MONTHS.get(word[:3].lower()):
        return number
    raise BadMoment("no month")


def parse_time(day: date, text: str, zone: str) -> datetime:
    """The moment in UTC; ``zone`` is the file's, where the text has no offset.

    Raises:
        BadMoment: it is no time.
    """
    found = TIME.fullmatch(text)
    if found is None:
        raise BadMoment("no time")
    hour, minute, second, fraction, half, offset = found.groups()
    hours = int(hour)
    if half:
        if not 1 <= hours <= 12:
            raise BadMoment("no hour of half a day")
        hours = hours % 12 + (12 if half.lower() == "pm" else 0)
    micro = int((fraction or "0")[:6].ljust(6, "0"))
    naive = datetime.combine(day, time(hours, int(minute), int(second or 0), micro))
    return naive.replace(tzinfo=zone_of(offset, zone)).astimezone(UTC)


def zone_of(offset: str | None, zone: str) -> tzinfo:
    if offset is None:
        return ZoneInfo(zone)
    if offset in ("Z", "UTC", "GMT"):
        return UTC
    if offset in ("EST", "EDT"):
        return EASTERN
    digits = offset[1:].replace(":", "")
    shift = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-shift if offset[0] == "-" else shift)
