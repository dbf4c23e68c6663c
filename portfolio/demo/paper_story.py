"""What the demo's investor did over the years, told by the closes there are. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_FLOOR, Decimal
from typing import Final

from portfolio.bookkeeping.amounts import ZERO, product
from portfolio.bookkeeping.entries import EntryKind

# US trades settle one session later since then, two before.
T_PLUS_ONE_SINCE: Final = date(2024, 5, 28)
STARTING_CASH: Final = Decimal(100_000)

Closes = Mapping[str, Sequence[tuple[date, Decimal]]]  # by symbol, ascending by date


@dataclass(frozen=True, slots=True)
class Step:
    """``at`` is where in the history it happens, from 0 to 1. ``size`` is the part of the
    starting cash that a buy spends, or the part of the units that a sell gives up.
    """

    kind: EntryKind
    symbol: str
    at: Decimal
    size: Decimal


@dataclass(frozen=True, slots=True)
class StoryTrade:
    kind: EntryKind
    symbol: str
    traded_on: date
    settles_on: date
    quantity: Decimal  # whole units, > 0
    price: Decimal


def _buy(symbol: str, at: str, size: str) -> Step:
    return Step(EntryKind.BUY, symbol, Decimal(at), Decimal(size))


def _sell(symbol: str, at: str, size: str) -> Step:
    return Step(EntryKind.SELL, symbol, Decimal(at), Decimal(size))


STEPS: Final = (
    _buy("AAPL", "0.01", "0.06"),
    _buy("MSFT", "0.01", "0.06"),
    _buy("JNJ", "0.03", "0.07"),
    _buy("JPM", "0.06", "0.07"),
    _buy("KO", "0.09", "0.06"),
    _buy("AMZN", "0.14", "0.06"),
    _buy("XOM", "0.19", "0.07"),
    _buy("NVDA", "0.24", "0.03"),
    _sell("KO", "0.31", "1"),
    _buy("V", "0.33", "0.08"),
    _buy("DIS", "0.40", "0.07"),
    _sell("XOM", "0.47", "0.5"),
    _buy("COST", "0.52", "0.08"),
    _buy("NEE", "0.61", "0.06"),
    _sell("AAPL", "0.70", "0.25"),
    _buy("PG", "0.76", "0.07"),
    _buy("MSFT", "0.84", "0.05"),
    _buy("HD", "0.92", "0.06"),
)
SYMBOLS: Final = tuple(dict.fromkeys(step.symbol for step in STEPS))


def tell(closes: Closes, *, through: date) -> list[StoryTrade]:
    """The trades that the investor made up to a date, in their order.

    Symbols without closes are passed over, and nothing is bought that he cannot pay.
    """
    days = sorted({day for series in closes.values() for day, _ in series if day <= through})
    if not days:
        return []
    cash, held = STARTING_CASH, dict.fromkeys(SYMBOLS, ZERO)
    trades = []
    for step in STEPS:
        wanted = days[int(step.at * (len(days) - 1))]
        found = first_session(closes.get(step.symbol, ()), since=wanted, through=through)
        if found is None:
            continue
        traded_on, settles_on, price = found
        if step.kind == EntryKind.BUY:
            quantity = whole(min(step.size * STARTING_CASH, cash) / price)
        else:
            quantity = whole(held[step.symbol] * step.size)
        if not quantity:
            continue
        sign = 1 if step.kind == EntryKind.BUY else -1
        held[step.symbol] += sign * quantity
        cash -= sign * product(quantity, price)
        trades.append(StoryTrade(step.kind, step.symbol, traded_on, settles_on, quantity, price))
    return trades


def first_session(
    series: Sequence[tuple[date, Decimal]], *, since: date, through: date
) -> tuple[date, date, Decimal] | None:
    """The first session from a date on: its date, when its trades settle, and its close.

    The closes are the exchange's calendar: each stands for a session.
    """
    for index, (traded_on, close) in enumerate(series):
        if since <= traded_on <= through:
            settles = index + (1 if traded_on >= T_PLUS_ONE_SINCE else 2)
            return (traded_on, series[settles][0], close) if settles < len(series) else None
    return None


def whole(quantity: Decimal) -> Decimal:
    return quantity.to_integral_value(rounding=ROUND_FLOOR)
