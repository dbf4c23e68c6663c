"""Selling what a portfolio holds, one position or all: what a page, the API and a script call."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from accounts.errors import Problem
from market.models import Instrument
from market.values import plain
from portfolio.models import LedgerBalance
from trading.changing.closing_requests import ask_sales_to_end, in_lots, market_sale
from trading.errors import OrderDenied, TooManyOpenOrders
from trading.models import Order
from trading.orders import place_order

ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Closure:
    """What became of one position: the sale placed, or why there is none.

    ``left`` is the units that the sale does not take: those that working orders sell already, and
    less than a lot. ``is_pending``: the sale follows when the orders that hold units have ended.
    """

    instrument: Instrument
    order: Order | None
    problems: tuple[Problem, ...]
    left: Decimal
    is_pending: bool = False


def close_position(
    *,
    portfolio_id: UUID,
    instrument: Instrument,
    closed_at: datetime,
    actor_id: UUID | None = None,
    cancels_orders: bool = True,
) -> Closure:
    """Sell all of a position at the market.

    Orders that wait with units of it are asked to end first, and the sale follows when they have;
    without ``cancels_orders`` they keep their units and the whole is refused.

    Raises:
        OrderDenied, TooManyOpenOrders, OrderEntryStopped, PortfolioUnknown: as ``sell_position``;
            the orders are then left as they are.
    """
    total, _ = _units(portfolio_id, instrument)
    if cancels_orders and total > 0:
        asked = ask_sales_to_end(
            portfolio_id=portfolio_id,
            instrument=instrument,
            held=total,
            requested_at=closed_at,
            actor_id=actor_id,
        )
        if asked is not None:
            left = total - in_lots(total, instrument)
            return Closure(instrument, None, (), left, is_pending=True)
    return sell_position(
        portfolio_id=portfolio_id,
        instrument=instrument,
        closed_at=closed_at,
        actor_id=actor_id,
        is_whole=not cancels_orders,
    )


def sell_position(
    *,
    portfolio_id: UUID,
    instrument: Instrument,
    closed_at: datetime,
    actor_id: UUID | None,
    is_whole: bool = False,
) -> Closure:
    """Sell at the market what no working order sells already; with ``is_whole`` all or nothing.

    Raises:
        OrderDenied: nothing is left to sell, or the sale was refused; see ``problems``.
        TooManyOpenOrders: the owner's tier includes no further order.
        OrderEntryStopped: the desk takes no orders at the moment.
        PortfolioUnknown: there is no such portfolio.
    """
    total, available = _units(portfolio_id, instrument)
    quantity = in_lots(total if is_whole else available, instrument)
    if quantity <= 0:
        raise OrderDenied([_nothing_to_sell(instrument, total)])
    order = place_order(
        portfolio_id=portfolio_id,
        ticket=market_sale(instrument, quantity),
        placed_at=closed_at,
        actor_id=actor_id,
    )
    return Closure(instrument, order, (), left=total - quantity)


def _units(portfolio_id: UUID, instrument: Instrument) -> tuple[Decimal, Decimal]:
    """What is held, and what of it no working order sells already."""
    held = LedgerBalance.objects.filter(portfolio_id=portfolio_id, instrument=instrument).first()
    return (ZERO, ZERO) if held is None else (held.total, held.available)


def close_positions(
    *,
    portfolio_id: UUID,
    closed_at: datetime,
    actor_id: UUID | None = None,
    cancels_orders: bool = True,
) -> list[Closure]:
    """Close every position, by symbol; one that is refused keeps no other from being closed.

    Raises:
        OrderEntryStopped: the desk takes no orders at the moment.
    """
    held = (
        LedgerBalance.objects.filter(portfolio_id=portfolio_id, instrument__isnull=False)
        .select_related("instrument")
        .order_by("instrument__symbol", "instrument_id")
    )
    closures = []
    for balance in held:
        if balance.instrument is None or balance.total <= 0:
            continue
        try:
            closure = close_position(
                portfolio_id=portfolio_id,
                instrument=balance.instrument,
                closed_at=closed_at,
                actor_id=actor_id,
                cancels_orders=cancels_orders,
            )
        except OrderDenied as error:
            problems = tuple(error.problems)
            closure = Closure(balance.instrument, None, problems, balance.total)
        except TooManyOpenOrders as error:
            problem = Problem("", error.code, str(error))
            closure = Closure(balance.instrument, None, (problem,), balance.total)
        closures.append(closure)
    return closures


def _nothing_to_sell(instrument: Instrument, total: Decimal) -> Problem:
    if total <= 0:
        return Problem("symbol", "no_position", f"The portfolio holds no {instrument.symbol}.")
    message = (
        f"Working orders sell the {plain(total)} {instrument.symbol} already, or what is left is"
        " less than a lot."
    )
    return Problem("symbol", "nothing_left", message)
