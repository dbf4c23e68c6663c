"""How one chart is labelled, and where its bars begin and end. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo

from market.charting.indicator_choice import Indicator
from market.charting.price_lines import PriceLine
from market.values import Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartStyle:
    """How one chart is labelled."""

    interval: Interval
    exchange_zone: tzinfo
    viewer_zone: tzinfo
    indicators: Sequence[Indicator] = ()
    lines: Sequence[PriceLine] = ()  # prices that are waited for


def bar_label(opened_at: datetime, style: ChartStyle) -> str:
    """Name a bar on the time axis: in the viewer's zone within a day, else by exchange date."""
    if style.interval.is_intraday:
        return clock(opened_at.astimezone(style.viewer_zone))
    local = opened_at.astimezone(style.exchange_zone)
    if style.interval is Interval.MONTH:
        return f"{local:%b %Y}"
    return f"{local.day} {local:%b %Y}"


def bar_closes_at(opened_at: datetime, interval: Interval, exchange_zone: tzinfo) -> datetime:
    """When the bucket that starts at ``opened_at`` ends; days end at the exchange's midnight."""
    if interval.is_intraday:
        return opened_at + timedelta(seconds=interval.seconds)
    date = opened_at.astimezone(exchange_zone).date()
    match interval:
        case Interval.WEEK:
            next_date = date + timedelta(days=7 - date.weekday())
        case Interval.MONTH:
            next_date = (date.replace(day=28) + timedelta(days=4)).replace(day=1)
        case _:
            next_date = date + timedelta(days=1)
    return datetime.combine(next_date, time(), exchange_zone)


def clock(at: datetime) -> str:
    return f"{at.day} {at:%b %H:%M}"
