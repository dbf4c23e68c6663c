"""When mail may go out again. Pure."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo


def next_allowed(at: datetime, *, begins: time, ends: time, timezone: str) -> datetime:
    """The moment itself outside of quiet hours, else their end.

    Args:
        begins, ends: local times of day; quiet hours that end earlier than they begin go past
            midnight. The end itself is no longer quiet.
        timezone: IANA name. Hours follow the clock on the wall also on days that have 23 or 25.
    """
    local = at.astimezone(ZoneInfo(timezone))
    now = local.time()
    is_quiet = begins <= now < ends if begins < ends else now >= begins or now < ends
    if not is_quiet:
        return at
    day = local.date() if now < ends else local.date() + timedelta(days=1)
    return datetime.combine(day, ends, tzinfo=ZoneInfo(timezone)).astimezone(at.tzinfo)
