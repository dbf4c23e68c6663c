"""Placing and cancelling orders: what a page, the API and a script call alike."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from accounts import metrics
from accounts.errors import Problem
from accounts.identifiers import new_id
from market import sessions
from portfolio.models import Portfolio
from trading import doorbell, pretrade, sizing
from trading.errors import (
    DuplicateClientOrderId,
    OrderDenied,
    OrderFinished,
    OrderUnknown,
    PortfolioUnknown,
)
from trading.models import Order, OrderCommand, OrderEvent
from trading.situation import Situation, look
from trading.sizing import Plan
from trading.states import CommandKind, Event, OrderType, Side, Status, TimeInForce, next_status
from trading.tickets import OrderTicket

__all__ = [
    "DuplicateClientOrderId",
    "Estimate",
    "OrderDenied",
    "OrderFinished",
    "OrderTicket",
    "OrderUnknown",
    "PortfolioUnknown",
    "cancel_order",
    "estimate_order",
    "place_order",
]


@dataclass(frozen=True, slots=True)
class Estimate:
    """What an order would cost if it were placed now, in the instrument's currency.

    ``cost`` is price × quantity at the reference price (a limit order's: at its limit, or
    better), without ``fees``. ``buying_power_after`` has the whole reservation taken off.
    Figures are ``None`` where the ticket or the market does not say enough.
    """

    reference_price: Decimal | None
    quantity: Decimal | None
    cost: Decimal | None
    fees: Decimal | None
    buying_power: Decimal
    buying_power_after: Decimal | None
    problems: tuple[Problem, ...]


# See trading.migrations.0002_place_order for what it says.
RECORD: Final = f"SELECT trading_record_order({', '.join(['%s'] * 19)})"


@dataclass(frozen=True, slots=True)
class Draft:
    """An order that nothing stands against, and what it is to reserve."""

    order: Order
    balance_id: int
    reserve: Decimal  # cash for a buy, units for a sale

    def values(self, *, actor_id: UUID | None) -> list[Any]:
        """The arguments of trading_record_order, with an id for the hold."""
        order = self.order
        return [
            order.id,
            order.portfolio_id,
            order.instrument_id,
            order.client_order_id,
            order.side,
            order.type,
            order.time_in_force,
            order.quantity,
            order.notional,
            order.limit_price,
            order.worst_price,
            order.commission_schedule,
            order.extended_hours,
            order.submitted_at,
            order.expires_at,
            actor_id,
            new_id(),
            self.balance_id,
            self.reserve,
        ]


def place_order(
    *, portfolio_id: UUID, ticket: OrderTicket, placed_at: datetime, actor_id: UUID | None = None
) -> Order:
    """Reserve cash or units, record the order and queue it for the matcher.

    Repeating a ``client_order_id`` with the same content returns the order made under it.

    Raises:
        PortfolioUnknown: there is no such portfolio.
        OrderDenied: a pre-trade check refused the ticket; see ``problems``.
        DuplicateClientOrderId: the id belongs to another order of the portfolio.
    """
    situation = look(portfolio_id=portfolio_id, ticket=ticket, at=placed_at)
    if situation.facts.earlier_order_id is not None:
        return _repeat(ticket, order_id=situation.facts.earlier_order_id)
    draft = draft_order(portfolio_id, ticket, situation, placed_at=placed_at)
    order = draft.order
    with connection.cursor() as cursor:
        cursor.execute(RECORD, draft.values(actor_id=actor_id))
        (outcome,) = cursor.fetchone()
    if outcome == "repeated":
        earlier = Order.objects.get(
            portfolio_id=portfolio_id, client_order_id=order.client_order_id
        )
        return _repeat(ticket, order_id=earlier.id)
    if outcome == "short":
        raise _lost_race(portfolio_id, ticket, draft.reserve, at=placed_at)
    transaction.on_commit(lambda: tell_placed(order))
    return order


def tell_placed(order: Order) -> None:
    """Wake the matcher, and count; after the commit."""
    doorbell.ring(order.instrument_id)
    metrics.orders_accepted.labels(order.type).inc()


def cancel_order(*, order_id: UUID, requested_at: datetime, actor_id: UUID | None = None) -> Order:
    """Ask the matcher to take an order out; it may still fill before that happens.

    The hold is released when the matcher has done it. Asking again changes nothing.

    Raises:
        OrderUnknown: there is no such order.
        OrderFinished: it has filled, or ended otherwise.
    """
    with transaction.atomic():
        order = Order.objects.select_for_update(no_key=True).filter(id=order_id).first()
        if order is None:
            raise OrderUnknown(order_id)
        status = Status(order.status)
        if status in Status.terminal():
            raise OrderFinished(order_id=order.id, status=status)
        if status is Status.PENDING_CANCEL:
            return order
        order.status = next_status(status, Event.CANCEL_REQUESTED)
        order.updated_at = requested_at
        order.save(update_fields=["status", "updated_at"])
        OrderEvent.objects.create(
            order_id=order.id,
            kind=Event.CANCEL_REQUESTED,
            status=order.status,
            occurred_at=requested_at,
            actor_id=actor_id,
        )
        OrderCommand.objects.create(
            kind=CommandKind.CANCEL,
            order_id=order.id,
            instrument_id=order.instrument_id,
            actor_id=actor_id,
            created_at=requested_at,
        )
        transaction.on_commit(lambda: doorbell.ring(order.instrument_id))
    return order


def estimate_order(*, portfolio: Portfolio, ticket: OrderTicket, at: datetime) -> Estimate:
    """Say what the order would cost and what stands against it. Changes nothing."""
    ticket = replace(ticket, client_order_id=None)
    situation = look(portfolio_id=portfolio.id, ticket=ticket, at=at)
    problems = pretrade.find_problems(
        ticket,
        terms=situation.terms,
        market=situation.market,
        means=situation.means,
        rules=situation.rules,
    )
    buying_power = situation.means.buying_power
    if situation.terms is None:
        return Estimate(None, None, None, None, buying_power, None, tuple(problems))
    figures = sizing.size_up(
        ticket, terms=situation.terms, market=situation.market, rules=situation.rules
    )
    after = None
    if figures.reserve is not None:
        after = buying_power - (figures.reserve if ticket.side is Side.BUY else 0)
    return Estimate(
        reference_price=figures.reference_price,
        quantity=figures.quantity,
        cost=figures.cost,
        fees=figures.fees,
        buying_power=buying_power,
        buying_power_after=after,
        problems=tuple(problems),
    )


def draft_order(
    portfolio_id: UUID, ticket: OrderTicket, situation: Situation, *, placed_at: datetime
) -> Draft:
    """Judge a ticket and settle its numbers; nothing is written yet.

    Raises:
        OrderDenied: a pre-trade check refused the ticket; see ``problems``.
    """
    problems = pretrade.find_problems(
        ticket,
        terms=situation.terms,
        market=situation.market,
        means=situation.means,
        rules=situation.rules,
    )
    if problems or situation.terms is None:
        raise OrderDenied(problems)
    plan = sizing.plan(
        ticket, terms=situation.terms, market=situation.market, rules=situation.rules
    )
    facts = situation.facts
    order = _make_order(portfolio_id, ticket, plan, placed_at=placed_at, mic=facts.mic)
    is_buy = ticket.side is Side.BUY
    balance_id = facts.cash_balance_id if is_buy else facts.units_balance_id
    return Draft(order, balance_id, plan.reserve)


def _make_order(
    portfolio_id: UUID, ticket: OrderTicket, plan: Plan, *, placed_at: datetime, mic: str
) -> Order:
    order_id = new_id()
    expires_at = None
    if ticket.time_in_force is TimeInForce.DAY:
        expires_at = sessions.session_close_at(placed_at, mic)
    order = Order(
        id=order_id,
        portfolio_id=portfolio_id,
        instrument_id=ticket.instrument_id,
        client_order_id=ticket.client_order_id or str(order_id),
        side=ticket.side.value,
        type=ticket.type.value,
        time_in_force=ticket.time_in_force.value,
        status=Status.PENDING_NEW.value,
        quantity=plan.quantity,
        notional=ticket.notional,
        limit_price=ticket.limit_price if ticket.type is OrderType.LIMIT else None,
        worst_price=plan.worst_price,
        commission_schedule=settings.COMMISSION_SCHEDULE,
        extended_hours=ticket.extended_hours,
        submitted_at=placed_at,
        updated_at=placed_at,
        expires_at=expires_at,
    )
    order._state.adding = False
    order._state.db = "default"
    return order


def _repeat(ticket: OrderTicket, *, order_id: UUID) -> Order:
    """The order made earlier under the ticket's client order id, if it is the same order."""
    order = Order.objects.get(id=order_id)
    same = (
        order.instrument_id == ticket.instrument_id
        and order.side == ticket.side
        and order.type == ticket.type
        and order.time_in_force == ticket.time_in_force
        and order.limit_price == ticket.limit_price
        and order.notional == ticket.notional
        and (ticket.notional is not None or order.quantity == ticket.quantity)
        and order.extended_hours == ticket.extended_hours
    )
    if not same:
        raise DuplicateClientOrderId(client_order_id=order.client_order_id, order_id=order.id)
    return order


def _lost_race(
    portfolio_id: UUID, ticket: OrderTicket, reserve: Decimal, *, at: datetime
) -> OrderDenied:
    """Look again after another order took the same cash or units, and say what is short."""
    situation = look(portfolio_id=portfolio_id, ticket=ticket, at=at)
    facts, means = situation.facts, situation.means
    if ticket.side is Side.BUY:
        problem = pretrade.short_of_cash(
            needed=reserve, available=means.buying_power, currency=facts.currency
        )
    else:
        problem = pretrade.short_of_units(
            needed=reserve, available=means.available_units, symbol=facts.symbol
        )
    return OrderDenied([problem])
