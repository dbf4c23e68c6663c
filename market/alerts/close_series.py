"""The closes of one instrument's bars as prices come in. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from market.charting.chart_style import bar_closes_at
from market.values import Interval

# As many as a chart shows, so that an indicator smoothed over them all agrees with the chart's.
CLOSES_KEPT: Final = 500


class CloseSeries:
    """Closes of closed bars, and the bar that the newest price belongs to."""

    __slots__ = ("_bar_ends_at", "_interval", "_live_close", "_starts_at", "_zone", "closes")

    def __init__(self, interval: Interval, *, timezone: str) -> None:
        self._interval = interval
        self._zone = ZoneInfo(timezone)
        self.closes: deque[Decimal] = deque(maxlen=CLOSES_KEPT)
        self._live_close: Decimal | None = None
        self._starts_at: datetime | None = None
        self._bar_ends_at: datetime | None = None

    def load(self, bars: Iterable[tuple[datetime, Decimal]]) -> None:
        """Take in stored bars, ascending: when each opened, and its close."""
        for opened_at, close in bars:
            self.price(close, opened_at)

    def price(self, price: Decimal, at: datetime) -> bool:
        """Take in a price; return whether it closed a bar. One of an earlier bar is passed over."""
        if self._bar_ends_at is not None and at < self._bar_ends_at:
            if self._starts_at is not None and at >= self._starts_at:
                self._live_close = price
            return False
        has_closed = self._live_close is not None
        if self._live_close is not None:
            self.closes.append(self._live_close)
        self._live_close = price
        self._starts_at = bar_opens_at(at, self._interval, self._zone)
        self._bar_ends_at = bar_closes_at(self._starts_at, self._interval, self._zone)
        return has_closed


def bar_opens_at(at: datetime, interval: Interval, zone: ZoneInfo) -> datetime:
    """The start of the bucket that holds the moment; days begin at the exchange's midnight."""
    if interval.is_intraday:
        seconds = int(at.timestamp())
        return datetime.fromtimestamp(seconds - seconds % interval.seconds, tz=at.tzinfo)
    return at.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
