"""What the demo's saver meant to do over the years at two brokers. Pure.

In dollars he began at one broker; in euros he has saved each month at another since, where his
oldest shares followed him.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from itertools import count
from typing import Final

from portfolio.bookkeeping.amounts import ZERO
from portfolio.bookkeeping.entries import EntryKind

SAVED: Final = Decimal(600)  # euros a month
CUSTODY: Final = Decimal("18.00")  # euros a year
BOUGHT_IN_TURN: Final = ("MSFT", "PG", "NVDA", "MCD")
SAVING_SINCE: Final = date(2016, 2, 1)


class Account(StrEnum):
    FIRST = "first"  # in dollars
    SAVINGS = "savings"  # in euros


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """``size`` is what a purchase spends at most, zero for all there is; of a sale and of a
    transfer of units the part that goes; of money the amount.
    """

    on: date
    kind: EntryKind
    account: Account = Account.SAVINGS
    symbol: str = ""
    size: Decimal = ZERO
    units: Decimal = ZERO  # of a dividend: that it is paid for
    in_dollars: bool = False  # of a purchase: from the dollars that dividends left
    note: str = ""


def _at_first(on: str, kind: EntryKind, size: str, symbol: str = "", note: str = "") -> Step:
    return Step(
        on=date.fromisoformat(on),
        kind=kind,
        account=Account.FIRST,
        symbol=symbol,
        size=Decimal(size),
        note=note,
    )


SCRIPT: Final = (
    _at_first("2015-02-02", EntryKind.DEPOSIT, "14000", note="First savings"),
    _at_first("2015-02-10", EntryKind.BUY, "5600", "NFLX"),
    _at_first("2015-02-10", EntryKind.BUY, "4800", "AAPL"),
    _at_first("2015-02-12", EntryKind.BUY, "3000", "KO"),
    _at_first("2016-07-05", EntryKind.DEPOSIT, "4000", note="Bonus"),
    _at_first("2016-07-06", EntryKind.BUY, "3900", "JNJ"),
    _at_first("2017-09-12", EntryKind.SELL, "0.5", "KO"),
    _at_first("2018-03-15", EntryKind.TRANSFER_OUT, "1", "AAPL", "To the new broker"),
    _at_first("2018-03-15", EntryKind.TRANSFER_OUT, "0.5", "NFLX", "To the new broker"),
    _at_first("2018-03-16", EntryKind.TRANSFER_OUT, "1000", note="To the new broker"),
    Step(on=date(2021, 6, 8), kind=EntryKind.SELL, symbol="NVDA", size=Decimal("0.25")),
    Step(on=date(2021, 6, 14), kind=EntryKind.WITHDRAWAL, size=Decimal(2500), note="A new kitchen"),
)
SYMBOLS: Final = tuple(
    dict.fromkeys([*(step.symbol for step in SCRIPT if step.symbol), *BOUGHT_IN_TURN])
)


def every_month(through: date) -> Iterator[Step]:
    """Saved each month, spent each quarter; each December come charges, and dividends are spent."""
    months = (date(year, month, 1) for year in count(SAVING_SINCE.year) for month in range(1, 13))
    turns = count()
    for first in months:
        if first > through:
            return
        if first < SAVING_SINCE:
            continue
        yield Step(on=first.replace(day=2), kind=EntryKind.DEPOSIT, size=SAVED, note="Savings plan")
        if first.month % 3 == 2:
            symbol = BOUGHT_IN_TURN[next(turns) % len(BOUGHT_IN_TURN)]
            yield Step(on=first.replace(day=10), kind=EntryKind.BUY, symbol=symbol)
        if first.month == 12:
            yield Step(on=first.replace(day=15), kind=EntryKind.FEE, size=CUSTODY, note="Custody")
            yield Step(on=first.replace(day=17), kind=EntryKind.BUY, symbol="PG", in_dollars=True)
