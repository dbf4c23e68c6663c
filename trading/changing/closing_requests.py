"""Asking the orders that hold a position's units to end, so that it can be sold.

The wish is recorded in the transaction that asks them; see ``closing_followed`` for the rest.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import ROUND_DOWN, Decimal
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from accounts import audit
from market.models import Instrument
from trading import broadcasts, pretrade
from trading.changing.cancellation import cancel_orders
from trading.errors import OrderDenied
from trading.models import Order, PositionClosing
from trading.order_entry.stops import OrderEntryStopped, standing_stop
from trading.placing.situation import look
from trading.placing.tickets import OrderTicket
from trading.states import OrderType, Side, TimeInForce

# A sale at the market sells already; every other holds its units for later.
AT_THE_MARKET: Final = Q(
    type=OrderType.MARKET, time_in_force__in=[one for one in TimeInForce if not one.is_auction]
)


def waiting_sales(instrument: Instrument) -> Q:
    """Orders that hold units of the instrument and wait."""
    return Q(instrument=instrument, side=Side.SELL) & ~AT_THE_MARKET


def market_sale(instrument: Instrument, quantity: Decimal) -> OrderTicket:
    return OrderTicket(
        instrument_id=instrument.id,
        side=Side.SELL,
        type=OrderType.MARKET,
        time_in_force=TimeInForce.DAY,
        quantity=quantity,
    )


def in_lots(units: Decimal, instrument: Instrument) -> Decimal:
    """So many of the units as make whole lots."""
    lots = (units / instrument.lot_size).quantize(Decimal(1), ROUND_DOWN)
    return lots * instrument.lot_size


def ask_sales_to_end(
    *,
    portfolio_id: UUID,
    instrument: Instrument,
    held: Decimal,
    requested_at: datetime,
    actor_id: UUID | None,
) -> PositionClosing | None:
    """Record that the position is to be sold when its orders have ended; None where none waits.

    Asking again returns what was asked before.

    Raises:
        OrderDenied: the sale would be refused, so the orders are left as they are.
        OrderEntryStopped: the desk takes no orders at the moment.
    """
    asked = PositionClosing.objects.pending().filter(
        portfolio_id=portfolio_id, instrument=instrument
    )
    if pending := asked.first():
        return pending
    waiting = waiting_sales(instrument)
    count = Order.objects.working().filter(waiting, portfolio_id=portfolio_id).count()
    quantity = in_lots(held, instrument)
    if not count or not quantity:
        return None
    _refuse_early(portfolio_id, instrument, quantity, ending=count, at=requested_at)
    with transaction.atomic():
        closing, is_new = PositionClosing.objects.get_or_create(
            portfolio_id=portfolio_id,
            instrument=instrument,
            done_at=None,
            defaults={"requested_at": requested_at, "requested_by_id": actor_id},
        )
        if is_new:
            cancel_orders(
                portfolio_id=portfolio_id,
                among=waiting,
                requested_at=requested_at,
                actor_id=actor_id,
            )
            _note(closing, ending=count)
            broadcasts.ring_on_commit(portfolio_id)
    return closing


def _refuse_early(
    portfolio_id: UUID, instrument: Instrument, quantity: Decimal, *, ending: int, at: datetime
) -> None:
    """Nobody is to lose his stop-loss to a sale that is then refused."""
    if standing_stop() is not None:
        raise OrderEntryStopped
    ticket = market_sale(instrument, quantity)
    found = look(portfolio_id=portfolio_id, ticket=ticket, at=at)
    means = replace(
        found.means,
        available_units=quantity,
        open_orders=max(found.means.open_orders - ending, 0),
    )
    problems = pretrade.find_problems(
        ticket, terms=found.terms, market=found.market, means=means, rules=found.rules
    )
    if problems:
        raise OrderDenied(problems)


def _note(closing: PositionClosing, *, ending: int) -> None:
    audit.record(
        action="position.closing_requested",
        owner_id=closing.portfolio.owner_id,
        target="portfolio",
        target_id=str(closing.portfolio_id),
        after={"symbol": closing.instrument.symbol, "orders_ending": ending},
        occurred_at=closing.requested_at,
    )
