"""Figures that follow the prices, worded for the page and for its refreshes alike.

The page shows them on arrival and the script asks for them again; both come from here, so
a refreshed number never differs from a reloaded one.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Final, TypedDict

from django.utils.safestring import SafeString

from accounts.templatetags.formats import (
    direction,
    money,
    percent,
    plain,
    price,
    signed,
    signed_percent,
)
from portfolio.portfolios import PortfolioSummary
from portfolio.queries import PositionRow

# A template would take most of a page's time to look up what makes these of fifty positions.
NAMED: Final = 'data-figure="{0}:{1}"'
AMOUNT_CHANGE: Final = f'<span class="amount {{3}}" {NAMED} data-arrow>{{2}}</span>'
PCT_CHANGE: Final = f'<span class="below {{3}}" {NAMED}>{{2}}</span>'
SPANS: Final = {  # of a figure's name, the instrument's id, the text and the direction
    "value": f'<span class="amount" {NAMED}>{{2}}</span>',
    "gain": AMOUNT_CHANGE,
    "gain_pct": PCT_CHANGE,
    "day": AMOUNT_CHANGE,
    "day_pct": PCT_CHANGE,
    "weight": f"<span {NAMED}>{{2}}</span>",
}
# The script writes each new price into it.
PRICE: Final = '<span{} data-field="last" data-decimals="2" data-flashes data-value="{}">{}</span>'


class Figure(TypedDict):
    """``direction`` is the class of a change, empty for what has none."""

    text: str
    direction: str


def summary_figures(summary: PortfolioSummary, currency: str) -> dict[str, Figure]:
    """The portfolio as a whole, by the names that the templates use."""
    return {
        "total_value": amount(summary.total_value, currency),
        "market_value": amount(summary.market_value, currency),
        "day_change": change(summary.day_change, currency),
        "day_change_pct": change_pct(summary.day_change_pct),
        "cash": amount(summary.cash, currency),
        "settled_cash": amount(summary.settled_cash, currency),
        "buying_power": amount(summary.buying_power, currency),
    }


def row_figures(row: PositionRow, currency: str) -> dict[str, Figure]:
    """One position's figures, by the names that the templates use."""
    return {
        "value": amount(row.market_value, currency),
        "gain": change(row.unrealised_gain, currency),
        "gain_pct": change_pct(row.unrealised_gain_pct),
        "day": change(row.day_change, currency),
        "day_pct": change_pct(row.day_change_pct),
        "weight": Figure(text=percent(row.weight_pct, 1), direction=""),
    }


def row_spans(row: PositionRow, currency: str) -> dict[str, SafeString]:
    """The same as they stand in a row of the page, where the script finds them by their names."""
    unpriced = ' class="no-price"' if row.price is None else ""
    number = row.instrument_id
    texts = {"last": PRICE.format(unpriced, plain(row.price), price(row.price))} | {
        name: SPANS[name].format(name, number, figure["text"], figure["direction"])
        for name, figure in row_figures(row, currency).items()
    }
    # Texts of formats are safe, names and directions are words of ours.
    return {name: SafeString(text) for name, text in texts.items()}  # nosec B703


def position_figures(rows: Iterable[PositionRow], currency: str) -> dict[str, Figure]:
    """All positions' figures, each named ``<figure>:<instrument id>``."""
    return {
        f"{name}:{row.instrument_id}": figure
        for row in rows
        for name, figure in row_figures(row, currency).items()
    }


def amount(value: Decimal | None, currency: str) -> Figure:
    return Figure(text=money(value, currency), direction="")


def change(value: Decimal | None, currency: str) -> Figure:
    return Figure(text=signed(value, currency), direction=direction(value))


def change_pct(value: Decimal | None) -> Figure:
    return Figure(text=signed_percent(value), direction=direction(value))
