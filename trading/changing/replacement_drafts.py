"""The order that is to take over from another, before it is recorded: judged and priced."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Final

from accounts.errors import Problem
from accounts.identifiers import new_id
from market.values import plain
from portfolio.models import Hold
from trading import pretrade
from trading.changing.group_prices import group_problems
from trading.errors import OrderDenied
from trading.models import Order
from trading.placing import sizing
from trading.placing.order_ends import order_ends_at
from trading.placing.situation import Situation, look
from trading.placing.sizing import Plan
from trading.placing.tickets import OrderTicket
from trading.states import OrderClass, OrderType, Side, Status, TimeInForce

ZERO: Final = Decimal(0)
FIXED_FOR_EXITS: Final = ("quantity", "time_in_force")
TRIGGERED_FOR_GOOD: Final = ("stop_price", "trail_amount", "trail_pct")


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What is to differ; ``None`` leaves it as it is.

    ``quantity`` counts all that is ordered, also what the order has filled by then.
    """

    quantity: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail_amount: Decimal | None = None
    trail_pct: Decimal | None = None
    time_in_force: TimeInForce | None = None
    client_order_id: str | None = None


def ticket_of(old: Order, changes: Changes) -> OrderTicket:
    """The whole order as it is asked for; its quantity is what is left to fill of it."""
    trail_amount, trail_pct = old.trail_amount, old.trail_pct
    if changes.trail_amount is not None or changes.trail_pct is not None:
        trail_amount, trail_pct = changes.trail_amount, changes.trail_pct
    is_trailing = old.type == OrderType.TRAILING_STOP
    old_stop = None if is_trailing else old.stop_price
    quantity = old.quantity if changes.quantity is None else changes.quantity
    return OrderTicket(
        instrument_id=old.instrument_id,
        side=Side(old.side),
        type=OrderType(old.type),
        time_in_force=changes.time_in_force or TimeInForce(old.time_in_force),
        quantity=quantity - old.filled_quantity if quantity.is_finite() else quantity,
        limit_price=old.limit_price if changes.limit_price is None else changes.limit_price,
        stop_price=old_stop if changes.stop_price is None else changes.stop_price,
        trail_amount=trail_amount,
        trail_pct=trail_pct,
        extended_hours=old.extended_hours,
        client_order_id=changes.client_order_id,
    )


def draft_replacement(old: Order, changes: Changes, *, requested_at: datetime) -> Order:
    """Judge the new order as if the old one were gone, and settle its numbers.

    Raises:
        OrderDenied: something stands against it.
    """
    ticket = ticket_of(old, changes)
    situation = _without(old, look(portfolio_id=old.portfolio_id, ticket=ticket, at=requested_at))
    problems = [
        *_problems(old, changes),
        *_ticket_problems(old, changes, ticket, situation),
        *group_problems(old, ticket),
    ]
    if problems or situation.terms is None:
        raise OrderDenied(problems)
    plan = sizing.plan(
        ticket, terms=situation.terms, market=situation.market, rules=situation.rules
    )
    mic = situation.facts.mic
    order = _make_order(old, changes, ticket, plan, requested_at=requested_at, mic=mic)
    order.commission_schedule = situation.rules.schedule.text
    return order


def _make_order(
    old: Order,
    changes: Changes,
    ticket: OrderTicket,
    plan: Plan,
    *,
    requested_at: datetime,
    mic: str,
) -> Order:
    order_id = new_id()
    close_at = order_ends_at(
        ticket.time_in_force, extended_hours=ticket.extended_hours, at=requested_at, mic=mic
    )
    # With the same terms it keeps the collar it was placed with, and a stop its mark.
    keeps_price = _price_of(ticket) == _price_of(ticket_of(old, Changes()))
    return Order(
        id=order_id,
        portfolio_id=old.portfolio_id,
        instrument_id=old.instrument_id,
        client_order_id=changes.client_order_id or str(order_id),
        side=old.side,
        type=old.type,
        time_in_force=ticket.time_in_force.value,
        status=Status.PENDING_NEW.value,
        quantity=plan.quantity,
        limit_price=ticket.limit_price,
        worst_price=old.worst_price if keeps_price else plan.worst_price,
        stop_price=ticket.stop_price or (old.stop_price if keeps_price else None),
        trail_amount=ticket.trail_amount,
        trail_pct=ticket.trail_pct,
        water_mark=old.water_mark if keeps_price else None,
        triggered_at=old.triggered_at,
        extended_hours=old.extended_hours,
        submitted_at=requested_at,
        updated_at=requested_at,
        expires_at=old.expires_at if old.is_exit else close_at,
        replaces_id=old.id,
        filled_before=old.filled_quantity,
        order_class=old.order_class,
        parent_id=old.parent_id,
        hold_reference=(old.hold_reference or old.id) if old.is_exit else None,
    )


def _problems(old: Order, changes: Changes) -> list[Problem]:
    """What is wrong with the changes, whatever the order then looks like."""
    asked = [name for name in Changes.__slots__ if getattr(changes, name) is not None]
    if not asked:
        return [Problem("", "unchanged", "Say what is to change.")]
    problems = []
    for name in TRIGGERED_FOR_GOOD:
        if name in asked and old.triggered_at is not None:
            message = f"The stop was triggered, so its {name} no longer matters."
            problems.append(Problem(name, "triggered", message))
    if old.is_exit:
        for name in FIXED_FOR_EXITS:
            if name in asked:
                message = "An exit is for what its entry bought, as long as that was for."
                problems.append(Problem(name, "of_a_group", message))
    elif old.order_class != OrderClass.SIMPLE and old.filled_quantity:
        message = "It has begun to fill, and its exits follow it as it is."
        problems.append(Problem("", "entry_filling", message))
    if (quantity := changes.quantity) is not None and _has_filled(old, changes):
        message = (
            f"quantity was {plain(quantity)}, must be more than the"
            f" {plain(old.filled_quantity)} that have filled."
        )
        problems.append(Problem("quantity", "filled_already", message))
    return problems


def _ticket_problems(
    old: Order, changes: Changes, ticket: OrderTicket, situation: Situation
) -> list[Problem]:
    """What is wrong with the whole order; a quantity is named as it was asked for."""
    found = pretrade.find_problems(
        ticket,
        terms=situation.terms,
        market=situation.market,
        means=situation.means,
        rules=situation.rules,
    )
    if _has_filled(old, changes):
        found = [problem for problem in found if problem.field != "quantity"]
    return found


def _has_filled(old: Order, changes: Changes) -> bool:
    """Whether no more is asked for than has filled."""
    quantity = changes.quantity
    return quantity is not None and quantity.is_finite() and 0 < quantity <= old.filled_quantity


def _without(old: Order, situation: Situation) -> Situation:
    """The situation with the old order's hold given back, and its place free."""
    means = situation.means
    if old.is_exit:
        # It sells what is held for it, or will be.
        means = replace(means, available_units=old.quantity)
    left = ZERO if old.is_exit else Hold.objects.get(reference=old.id).remaining
    is_buy = old.side == Side.BUY
    return replace(
        situation,
        means=replace(
            means,
            buying_power=means.buying_power + (left if is_buy else ZERO),
            available_units=means.available_units + (ZERO if is_buy else left),
            open_orders=max(means.open_orders - 1, 0),
        ),
    )


def _price_of(ticket: OrderTicket) -> tuple[object, ...]:
    return (ticket.limit_price, ticket.stop_price, ticket.trail_amount, ticket.trail_pct)
