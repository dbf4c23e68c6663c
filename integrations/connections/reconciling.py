"""What the broker says is there, beside what the books say. Differences are shown, never booked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from integrations.models import Connection
from market.values import plain
from portfolio.bookkeeping.amounts import ZERO
from portfolio.imports.instruments import Hint, directory
from portfolio.imports.values import RowProblem
from portfolio.models import LedgerBalance, Position
from trading.brokers import BrokerPosition

# Money is compared to the cent, units to what brokers round fractions to.
CENT: Final = Decimal("0.01")
UNIT: Final = Decimal("0.000001")

Counts = Mapping[str, Decimal]


def differences(
    broker: Counts, books: Counts, *, within: Decimal, what: str
) -> list[dict[str, str]]:
    """Where the two disagree by as much as ``within``, in the order of names. Pure."""
    found = []
    for name in sorted(broker.keys() | books.keys()):
        theirs, ours = broker.get(name, ZERO), books.get(name, ZERO)
        if abs(theirs - ours) >= within:
            found.append(
                {
                    "what": what,
                    "name": name,
                    "broker": plain(theirs),
                    "books": plain(ours),
                    "difference": plain(theirs - ours),
                }
            )
    return found


def reconcile(
    connection: Connection, *, positions: Sequence[BrokerPosition] | None, cash: Counts
) -> list[dict[str, Any]]:
    """Every difference, units first. ``None`` where the broker tells no positions."""
    found = []
    if positions is not None:
        found += differences(
            _named(connection, positions), _held(connection), within=UNIT, what="units"
        )
    return [*found, *differences(cash, _cash(connection, cash), within=CENT, what="cash")]


def _named(connection: Connection, positions: Iterable[BrokerPosition]) -> Counts:
    """By our address where the instrument is known, else by the broker's word."""
    hints = {one: Hint(one.symbol, one.isin, one.name, one.currency) for one in positions}
    known = directory(set(hints.values()), connection.symbols)
    counts: dict[str, Decimal] = defaultdict(Decimal)
    for one, hint in hints.items():
        instrument = known.find(hint)
        name = one.symbol if isinstance(instrument, RowProblem) else instrument.symbol
        counts[name] += one.quantity
    return counts


def _held(connection: Connection) -> Counts:
    held = Position.objects.filter(portfolio=connection.portfolio).exclude(quantity=0)
    counts: dict[str, Decimal] = defaultdict(Decimal)
    for symbol, quantity in held.values_list("instrument__symbol", "quantity"):
        counts[symbol] += quantity
    return counts


def _cash(connection: Connection, told: Counts) -> Counts:
    """Settled or not, in the currencies that the broker speaks of and those with money in them.

    What has accrued is not there yet.
    """
    found = LedgerBalance.objects.filter(portfolio=connection.portfolio, instrument=None)
    totals = {balance.currency: balance.total - balance.accrued for balance in found}
    return {code: total for code, total in totals.items() if total or code in told}
