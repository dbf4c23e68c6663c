"""The figures of a performance as pages word and draw them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from django.utils.dates import MONTHS_3

from accounts.templatetags.formats import money_places
from portfolio.charts import ReturnChart, ValuePoint, return_chart
from portfolio.returns import risk
from portfolio.returns.performance import Performance
from portfolio.returns.shown_drivers import shown_terms
from portfolio.returns.time_weighted import MonthReturn, by_year

HUNDRED: Final = Decimal(100)
ONE_DAY: Final = timedelta(days=1)
WORDS: Final = {
    "no_price": "A holding had no price on a day on which money came or went, or at the end.",
    "no_price_at_start": "A holding had no price at the start.",
    "no_price_at_end": "A holding has no price at the end.",
    "no_flows": "There was no money to grow.",
    "one_sided": "Money only came, or only went.",
    "no_rate": "No yearly rate fits these flows.",
    "no_capital": "There was nothing to gain on.",
    "no_days": "There are no days to measure.",
    "too_few_days": "It takes two trading days.",
    "no_swing": "The value did not move.",
    "total_loss": "Everything was lost.",
    "beyond_measure": "Too few days for a yearly figure.",
    "no_previous_close": "There is no close of the day before.",
    "no_rate_at_start": "A currency had no rate at the start.",
    "no_rate_at_end": "A currency has no rate at the end.",
}
NOTICES: Final = {
    "return_without_capital": "On some days there was a gain or a loss although there was nothing"
    " to gain on; they count as a return of zero.",
    "cash_dip": "Cash was below zero on some day, as when a purchase is recorded before the deposit"
    " that paid for it. Health tells when.",
}
# Shades of a month's return, by its size in percent.
SHADES: Final = (Decimal(1), Decimal(3), Decimal(6))


@dataclass(frozen=True, slots=True)
class Reading:
    """One figure with its name; in percent, or a bare number."""

    label: str
    value: Decimal | None
    kind: str  # "percent", "loss" or "ratio"
    meaning: str
    why_missing: str = ""
    name: str = ""  # as the API has it
    gross: Decimal | None = None  # percent, before fees and taxes


@dataclass(frozen=True, slots=True)
class MonthCell:
    value: Decimal  # percent
    shade: str


@dataclass(frozen=True, slots=True)
class YearRow:
    year: int
    months: Sequence[MonthCell | None]  # twelve
    whole: MonthCell


def performance_context(found: Performance) -> dict[str, Any]:
    """What the parts of a page show of a performance, be it of one portfolio or of several."""
    drivers = found.drivers
    return {
        "currency": found.currency,
        "found": found,
        "drivers": drivers and shown_terms(drivers, places=money_places(found.currency)),
        "readings": readings(found),
        "chart": growth_chart(found),
        "fall_chart": fall_chart(found),
        "years": year_rows(found.months),
        "month_names": [MONTHS_3[month].title() for month in range(1, 13)],
        "realised": realised_by_year(found),
        "benchmark_pct": percent(found.benchmark.value) if found.benchmark else None,
        "missing": WORDS.get(found.reasons.get("identity_gap", ""), ""),
        "notices": [NOTICES[code] for code in found.notices],
    }


def percent(value: Decimal | None) -> Decimal | None:
    return None if value is None else value * HUNDRED


def readings(found: Performance) -> list[Reading]:
    """Every figure in the order of the page."""
    simple = found.drivers.simple_return if found.drivers else None
    falling = found.downside_deviation
    depth = None if found.drawdown is None else -found.drawdown.depth
    gross = {
        "twr": found.gross_twr,
        "xirr": found.gross_xirr,
        "simple_return": found.drivers.gross_simple_return if found.drivers else None,
    }
    rows = (
        ("twr", "Time-weighted", found.returns.total, "percent", "whatever came in or went out"),
        ("twr_annualised", "Of a year", found.twr_annualised, "percent", "time-weighted, yearly"),
        ("xirr", "Money-weighted", found.xirr, "percent", "a year, on your own money"),
        ("simple_return", "Simple", simple, "percent", "gain on what was there and paid in"),
        ("volatility", "Volatility", found.volatility, "loss", "a year, of daily returns"),
        ("downside_deviation", "Downside deviation", falling, "loss", "a year, of losing days"),
        ("max_drawdown", "Deepest fall", depth, "percent", "from a high"),
        ("sharpe", "Sharpe", found.sharpe, "ratio", "yearly return per volatility"),
        ("sortino", "Sortino", found.sortino, "ratio", "yearly return per downward swing"),
    )
    return [
        Reading(
            label,
            value if kind == "ratio" else percent(value),
            kind,
            meaning,
            WORDS.get(found.reasons.get(name, ""), ""),
            name,
            percent(gross.get(name)),
        )
        for name, label, value, kind, meaning in rows
    ]


def growth_chart(found: Performance) -> ReturnChart | None:
    points = [ValuePoint(found.start - ONE_DAY, Decimal(0))]
    points += [ValuePoint(day.date, day.cumulative * HUNDRED) for day in found.returns.days]
    beside = [
        ValuePoint(day, value * HUNDRED)
        for day, value in (found.benchmark.series if found.benchmark else ())
    ]
    return return_chart(points, beside)


def fall_chart(found: Performance) -> ReturnChart | None:
    falls = risk.drawdowns(found.returns.days)
    points = [
        ValuePoint(day.date, -fall * HUNDRED)
        for day, fall in zip(found.returns.days, falls, strict=True)
    ]
    return return_chart(points) if any(falls) else None


def year_rows(months: Sequence[MonthReturn]) -> list[YearRow]:
    """Newest year first; months outside of the period are None."""
    values = {(one.year, one.month): one.value for one in months}
    return [
        YearRow(
            year,
            [
                month_cell(values[year, month]) if (year, month) in values else None
                for month in range(1, 13)
            ],
            month_cell(whole),
        )
        for year, whole in sorted(by_year(months).items(), reverse=True)
    ]


def month_cell(value: Decimal) -> MonthCell:
    shown = value * HUNDRED
    depth = sum(abs(shown) >= limit for limit in SHADES)
    tone = "flat" if round(shown, 1) == 0 else "up" if shown > 0 else "down"
    return MonthCell(round(shown, 1), tone if tone == "flat" else f"{tone}-{depth}")


def realised_by_year(found: Performance) -> list[tuple[int, Decimal]]:
    years: dict[int, Decimal] = {}
    for one in found.realised:
        year = one.closed_at.year
        years[year] = years.get(year, Decimal(0)) + one.gain
    return sorted(years.items(), reverse=True)
