"""SQL pieces about the buckets of hours and days, shared by what rolls up and what reads.

An hour's bucket is an hour of UTC. A day's bucket is a date of the exchange, from local midnight
to local midnight, so the pieces need the exchange's time zone, as ``exchange.timezone``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from market.values import Interval


@dataclass(frozen=True, slots=True)
class Bucket:
    """How one length of bar is cut; each method returns an SQL expression."""

    unit: str  # as date_trunc and interval literals name it
    is_local: bool

    def start_of(self, at: str) -> str:
        """The start of the bucket that holds the time ``at``."""
        if self.is_local:
            return (
                f"(date_trunc('{self.unit}', ({at}) AT TIME ZONE exchange.timezone)"
                " AT TIME ZONE exchange.timezone)"
            )
        return f"date_trunc('{self.unit}', {at})"

    def end_of(self, start: str) -> str:
        """The end of the bucket that starts at ``start``."""
        if self.is_local:
            return (
                f"((({start}) AT TIME ZONE exchange.timezone) + interval '1 {self.unit}')"
                " AT TIME ZONE exchange.timezone"
            )
        return f"(({start}) + interval '1 {self.unit}')"


HOUR: Final = Bucket("hour", is_local=False)
DAY: Final = Bucket("day", is_local=True)
WEEK: Final = Bucket("week", is_local=True)
MONTH: Final = Bucket("month", is_local=True)
ROLLED: Final = {Interval.HOUR: HOUR, Interval.DAY: DAY}

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
