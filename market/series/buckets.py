"""SQL pieces about buckets of time, shared by what rolls up and what reads.

Up to an hour a bucket is a span of UTC. A day's bucket is a date of the exchange, from local
midnight to local midnight, so the pieces need the exchange's time zone, as ``exchange.timezone``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from market.values import Interval


@dataclass(frozen=True, slots=True)
class Bucket:
    """How one length of bar is cut; each method returns an SQL expression."""

    length: str  # as interval literals name it
    local_unit: str = ""  # as date_trunc names it, where buckets are dates of the exchange

    def start_of(self, at: str) -> str:
        """The start of the bucket that holds the time ``at``."""
        if self.local_unit:
            return f"date_trunc('{self.local_unit}', {at}, exchange.timezone)"
        return f"date_bin('{self.length}', {at}, 'epoch'::timestamptz)"

    def end_of(self, start: str) -> str:
        """The end of the bucket that starts at ``start``."""
        if self.local_unit:
            return (
                f"((({start}) AT TIME ZONE exchange.timezone) + interval '{self.length}')"
                " AT TIME ZONE exchange.timezone"
            )
        return f"(({start}) + interval '{self.length}')"


DAY: Final = Bucket("1 day", local_unit="day")
WEEK: Final = Bucket("1 week", local_unit="week")
MONTH: Final = Bucket("1 month", local_unit="month")
ROLLED: Final = {
    Interval.FIVE_MINUTES: Bucket("5 minutes"),
    Interval.FIFTEEN_MINUTES: Bucket("15 minutes"),
    Interval.THIRTY_MINUTES: Bucket("30 minutes"),
    Interval.HOUR: Bucket("1 hour"),
    Interval.DAY: DAY,
}

# What several bars, aliased ``part``, are together. A mixture with simulated parts is simulated.
JOINED: Final = {
    "open": "(array_agg(part.open ORDER BY part.opened_at))[1]",
    "high": "max(part.high)",
    "low": "min(part.low)",
    # The last of the same order, so that one sort serves both.
    "close": "(array_agg(part.close ORDER BY part.opened_at))[count(*)]",
    "volume": "sum(part.volume)",
    "turnover": "CASE WHEN count(*) = count(part.turnover) THEN sum(part.turnover) END",
    "count": 'CASE WHEN count(*) = count(part."count") THEN sum(part."count") END',
    "source": (
        "CASE WHEN bool_or(part.source = 'simulated') THEN 'simulated' ELSE max(part.source) END"
    ),
}
