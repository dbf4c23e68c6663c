"""The chart of an instrument for one reader, from what is stored; pages and API share it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings

from accounts.models import User
from market import queries
from market.alert_rows import alert_lines
from market.charting.action_markers import MarkedAction, action_markers
from market.charting.chart_style import ChartStyle, bar_closes_at
from market.charting.charts import Surroundings, candlestick_figure
from market.charting.comparison import ComparedSeries, comparison_figure
from market.charting.fill_markers import fill_markers
from market.charting.indicator_choice import Indicator, parse_indicators
from market.charting.own_fills import comparable_fills, fill_source
from market.corporate_actions.actions import facts_of
from market.corporate_actions.adjustment import Adjustment, PriceFactors
from market.corporate_actions.factors import factors_of
from market.models import CorporateAction, Instrument
from market.series.history import history_start
from market.values import BarValue, Interval

MIXED_CURRENCIES = "Each is compared in its own currency."


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedChart:
    """Which bars to draw, and what with them.

    With ``start`` the first bars that open from there on, without it the newest before ``end``.
    """

    interval: Interval
    adjusted: Adjustment = Adjustment.SPLITS
    viewer_zone: tzinfo | None = None  # the exchange's where not known
    indicators: Sequence[Indicator] = ()
    compared: Sequence[Instrument] = ()
    start: datetime | None = None
    end: datetime | None = None


def known_zone(name: str) -> tzinfo | None:
    """The time zone of that name; None where there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: "America" is a folder
        return None


def wanted_indicators(text: str) -> Sequence[Indicator]:
    """Read ``sma:20,macd``.

    Raises:
        ValueError: one is not known or not allowed, or there are too many.
    """
    return parse_indicators(
        text,
        most=settings.LIMITS.chart_indicators,
        length_maximum=settings.LIMITS.chart_indicator_bars,
    )


def compared_instruments(text: str) -> Sequence[Instrument]:
    """Read addresses parted by commas, each once.

    Raises:
        ValueError: there are too many.
        UnknownSymbol: none has one of the symbols.
        AmbiguousSymbol: several exchanges list one of them.
    """
    addresses = list(dict.fromkeys(word.strip().upper() for word in text.split(",")))
    addresses = [address for address in addresses if address]
    most = settings.LIMITS.chart_comparisons
    if len(addresses) > most:
        raise ValueError(f"There were {len(addresses)} to compare with; at most {most} go at once.")
    return list(queries.instruments_by_addresses(addresses).values())


def instrument_figure(
    shown: Instrument, wanted: WantedChart, *, user: User, at: datetime
) -> dict[str, Any]:
    """Candles with everything the reader may see on them, or lines where others are compared.

    No further back than the reader's tier shows.
    """
    since = history_start(user, at=at)
    bars, beyond = _bars(shown, wanted, since)
    zone = ZoneInfo(shown.exchange.timezone)
    style = ChartStyle(
        interval=wanted.interval,
        exchange_zone=zone,
        viewer_zone=wanted.viewer_zone or zone,
        indicators=() if wanted.compared else wanted.indicators,
        lines=() if wanted.compared else alert_lines(user, shown),
    )
    if wanted.compared:
        series = [
            ComparedSeries(other.symbol, _along(other, bars, wanted)) for other in wanted.compared
        ]
        figure = comparison_figure(bars, series, style, beyond, name=shown.symbol)
        if {other.currency for other in wanted.compared} != {shown.currency}:
            figure["note"] = f"{figure['note']} {MIXED_CURRENCIES}".strip()
        return figure
    figure = candlestick_figure(bars, style, beyond)
    figure["data"] += action_markers(bars, marked_actions(shown), style)
    if bars:
        factors = factors_of(shown, wanted.adjusted, at=at)
        figure["data"] += _own_fills(user, shown, bars, style, factors)
    return figure


def marked_actions(shown: Instrument) -> list[MarkedAction]:
    """What the chart says of the instrument's dividends and splits."""
    known = CorporateAction.objects.standing().filter(instrument=shown).order_by("ex_date", "id")
    return [
        MarkedAction(
            action.ex_date, action.is_split, f"{action.get_kind_display()} {facts_of(action).words}"
        )
        for action in known
    ]


def _bars(
    shown: Instrument, wanted: WantedChart, since: datetime | None
) -> tuple[list[BarValue], Surroundings]:
    """The bars to draw and what lies beyond them."""
    limit = settings.LIMITS.candles_per_view
    start = max(wanted.start, since) if wanted.start and since else wanted.start or since
    bars = queries.bars(
        shown,
        interval=wanted.interval,
        start=start,
        end=wanted.end,
        limit=limit + 1,
        adjusted=wanted.adjusted,
        from_start=wanted.start is not None,
    )
    is_cut = len(bars) > limit
    bars = bars[:limit] if wanted.start is not None else bars[-limit:]
    if not bars:
        return bars, Surroundings()
    has_newer = is_cut if wanted.start is not None else False
    if wanted.end is not None and not has_newer:
        has_newer = bool(
            queries.bars(
                shown, interval=wanted.interval, start=wanted.end, limit=1, from_start=True
            )
        )
    earlier = queries.bars(
        shown,
        interval=wanted.interval,
        start=since,
        end=bars[0].opened_at,
        limit=settings.LIMITS.chart_indicator_bars if wanted.indicators else 1,
        adjusted=wanted.adjusted,
    )
    closes = [bar.close for bar in earlier] if wanted.indicators else []
    return bars, Surroundings(closes, has_older=bool(earlier), has_newer=has_newer)


def _along(other: Instrument, bars: Sequence[BarValue], wanted: WantedChart) -> list[BarValue]:
    """The other's bars of the same time."""
    if not bars:
        return []
    ends_at = bar_closes_at(bars[-1].opened_at, wanted.interval, ZoneInfo(other.exchange.timezone))
    return queries.bars(
        other,
        interval=wanted.interval,
        start=bars[0].opened_at,
        end=ends_at,
        limit=2 * settings.LIMITS.candles_per_view,
        adjusted=wanted.adjusted,
    )


def _own_fills(
    user: User,
    shown: Instrument,
    bars: Sequence[BarValue],
    style: ChartStyle,
    factors: PriceFactors | None,
) -> list[dict[str, Any]]:
    ends_at = bar_closes_at(bars[-1].opened_at, style.interval, style.exchange_zone)
    fills = fill_source().fills_of(user, shown.id, start=bars[0].opened_at, end=ends_at)
    return fill_markers(bars, comparable_fills(fills, factors), style) if fills else []
