"""The candles of the moment, for the data sockets."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from integrations.alpaca_api.data_json import bar_json
from integrations.alpaca_api.streams.feed_wire import Message
from market import queries
from market.models import Bar, Instrument
from market.values import BarValue, Interval


def minute_bars(instrument_ids: Collection[int], *, opened_at: datetime) -> dict[int, Message]:
    """The candle of that minute of each instrument that has one."""
    rows = Bar.objects.filter(
        instrument_id__in=instrument_ids, interval=Interval.MINUTE, opened_at=opened_at
    )
    return {row.instrument_id: bar_message(value_of(row)) for row in rows}


def value_of(bar: Bar) -> BarValue:
    return BarValue(
        opened_at=bar.opened_at,
        open=bar.open,
        high=bar.high,
        low=bar.low,
        close=bar.close,
        volume=bar.volume,
        vwap=bar.turnover / bar.volume if bar.turnover and bar.volume else None,
        count=bar.count,
        source=bar.source,
    )


def day_bars(instrument_ids: Collection[int], *, since: datetime) -> dict[int, Message]:
    """The newest day's candle of each, if it has changed since: of days that still go on."""
    instruments = Instrument.objects.select_related("exchange").filter(
        id__in=Bar.objects.filter(
            instrument_id__in=instrument_ids, interval=Interval.MINUTE, opened_at__gte=since
        ).values("instrument_id")
    )
    found = {
        instrument.id: queries.bars(instrument, interval=Interval.DAY, limit=1)
        for instrument in instruments
    }
    return {number: bar_message(bars[-1]) for number, bars in found.items() if bars}


def bar_message(bar: BarValue) -> Message:
    return bar_json(bar) | {"t": bar.opened_at}
