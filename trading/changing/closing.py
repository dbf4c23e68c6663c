"""Selling what a portfolio holds, one position or all: what a page, the API and a script call."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_DOWN, Decimal
from typing import Final
from uuid import UUID

from accounts.errors import Problem
from market.models import Instrument
from market.values import plain
from portfolio.models import LedgerBalance
from trading.errors import OrderDenied, TooManyOpenOrders
from trading.models import Order
from trading.orders import place_order
from trading.placing.tickets import OrderTicket
from trading.states import OrderType, Side, TimeInForce

ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Closure:
    """What became of one position: the sale placed, or why there is none.

    ``left`` is the units that the sale does not take: those that working orders sell already, and
    less than a lot.
    """

    instrument: Instrument
    order: Order | None
    problems: tuple[Problem, ...]
    left: Decimal


def close_position(
    *, portfolio_id: UUID, instrument: Instrument, closed_at: datetime, actor_id: UUID | None = None
) -> Closure:
    """Sell at the market all that no working order sells already.

    Raises:
        OrderDenied: nothing is left to sell, or the sale was refused; see ``problems``.
        TooManyOpenOrders: the owner's tier includes no further order.
        OrderEntryStopped: the desk takes no orders at the moment.
        PortfolioUnknown: there is no such portfolio.
    """
    held = LedgerBalance.objects.filter(portfolio_id=portfolio_id, instrument=instrument).first()
    total = held.total if held is not None else ZERO
    available = held.available if held is not None else ZERO
    lots = (available / instrument.lot_size).quantize(Decimal(1), ROUND_DOWN)
    quantity = lots * instrument.lot_size
    if quantity <= 0:
        raise OrderDenied([_nothing_to_sell(instrument, total)])
    ticket = OrderTicket(
        instrument_id=instrument.id,
        side=Side.SELL,
        type=OrderType.MARKET,
        time_in_force=TimeInForce.DAY,
        quantity=quantity,
    )
    order = place_order(
        portfolio_id=portfolio_id, ticket=ticket, placed_at=closed_at, actor_id=actor_id
    )
    return Closure(instrument, order, (), left=total - quantity)


def close_positions(
    *, portfolio_id: UUID, closed_at: datetime, actor_id: UUID | None = None
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
