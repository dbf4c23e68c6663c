"""An order before it is recorded: judged, priced and dated, with what it is to reserve."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from accounts.identifiers import new_id
from trading import pretrade
from trading.errors import OrderDenied, TooManyOpenOrders
from trading.models import Order
from trading.placing.group_placing import make_exits
from trading.placing.order_ends import order_ends_at
from trading.placing.situation import Situation
from trading.placing.sizing import Plan
from trading.placing.tickets import OrderTicket, Rules
from trading.states import Side, Status


@dataclass(frozen=True, slots=True)
class Draft:
    """An order that nothing stands against, and what it is to reserve."""

    order: Order
    balance_id: int
    reserve: Decimal  # cash for a buy, units for a sale
    exits: tuple[Order, ...] = ()  # that belong to it, and are recorded with it or not at all

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

    def stop_values(self) -> list[Any]:
        """The last arguments of the functions that record an order."""
        order = self.order
        return [order.stop_price, order.trail_amount, order.trail_pct]


def draft_order(
    portfolio_id: UUID, ticket: OrderTicket, situation: Situation, *, placed_at: datetime
) -> Draft:
    """Judge a ticket and settle its numbers; nothing is written yet.

    Raises:
        OrderDenied: a pre-trade check refused the ticket; see ``problems``.
        TooManyOpenOrders: the owner's tier includes no further one.
    """
    if pretrade.has_all_open_orders(situation.means, orders=1 + ticket.exit_count):
        raise TooManyOpenOrders(situation.means.tier)
    problems, plan = pretrade.judge(
        ticket,
        terms=situation.terms,
        market=situation.market,
        means=situation.means,
        rules=situation.rules,
    )
    if plan is None or situation.terms is None:
        raise OrderDenied(problems)
    facts = situation.facts
    order = _make_order(
        portfolio_id, ticket, plan, rules=situation.rules, placed_at=placed_at, mic=facts.mic
    )
    is_buy = ticket.side is Side.BUY
    balance_id = facts.cash_balance_id if is_buy else facts.units_balance_id
    exits = make_exits(order, ticket, terms=situation.terms, rules=situation.rules)
    return Draft(order, balance_id, plan.reserve, tuple(exits))


def _make_order(
    portfolio_id: UUID,
    ticket: OrderTicket,
    plan: Plan,
    *,
    rules: Rules,
    placed_at: datetime,
    mic: str,
) -> Order:
    order_id = new_id()
    expires_at = order_ends_at(
        ticket.time_in_force, extended_hours=ticket.extended_hours, at=placed_at, mic=mic
    )
    return Order.as_recorded(
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
        limit_price=ticket.limit_price,
        stop_price=ticket.stop_price,
        trail_amount=ticket.trail_amount,
        trail_pct=ticket.trail_pct,
        worst_price=plan.worst_price,
        commission_schedule=rules.schedule.text,
        extended_hours=ticket.extended_hours,
        order_class=ticket.order_class.value,
        submitted_at=placed_at,
        updated_at=placed_at,
        expires_at=expires_at,
    )
