"""Having another order take over from a live order at the broker: what a page and the API call.

The other is an order of its own, placed and followed like any: judged, recorded, and sent once by a
worker. The broker alone knows which of the two fills meanwhile.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from accounts.errors import NotFound
from accounts.models import User
from integrations.brokers.adapters import catalogue
from integrations.live_orders.changes import LiveChanges, find_change_problems, ticket_of
from integrations.live_orders.errors import LiveOrderEnded, LiveOrderRefused
from integrations.live_orders.placing import (
    JudgedOrder,
    find_earlier,
    judge_live_order,
    record_live_order,
)
from integrations.live_orders.replaceable import refuse_unless_replaceable
from integrations.models import LiveOrder


def replace_live_order(
    *, owner: User, order_id: UUID, changes: LiveChanges, replaced_at: datetime
) -> LiveOrder:
    """Judge, then record; see both."""
    judged = judge_replacement(
        owner=owner, order_id=order_id, changes=changes, judged_at=replaced_at
    )
    return record_live_order(judged, placed_at=replaced_at)


def judge_replacement(
    *, owner: User, order_id: UUID, changes: LiveChanges, judged_at: datetime
) -> JudgedOrder:
    """Find what stands against the order that is to take over; belongs before a transaction.

    Raises:
        ConnectionDisabled, NotArmed: no order leaves through the connection.
        CredentialLocked: its credentials wait for their master password.
        LiveOrderBusy: what it is at the broker is not known, or it is cancelled or changed already.
        LiveOrderEnded: there is nothing to change any more.
        LiveOrderIdTaken: the client's id belongs to another order.
        LiveOrderRefused: ``problems`` names everything that is wrong.
        NotFound: the owner has no such order.
        OrderEntryStopped: the desk takes no orders at the moment.
    """
    rows = LiveOrder.objects.for_user(owner).select_related("instrument", "connection")
    old = rows.filter(id=order_id).first()
    if old is None:
        raise NotFound("There is no such live order.")
    if old.connection is None:
        raise LiveOrderEnded(old.status, wish="change")
    ticket = ticket_of(old, changes)
    if earlier := find_earlier(old.connection, ticket, replaces=old):
        return JudgedOrder(owner, old.connection.id, ticket, earlier=earlier, replaces=old)
    refuse_unless_replaceable(old)
    adapter = catalogue()[old.broker]
    problems = find_change_problems(
        old, changes, can_replace=adapter.capabilities.replaces_orders, title=adapter.title
    )
    if problems:
        raise LiveOrderRefused(problems)
    judged = judge_live_order(
        owner=owner, connection_id=old.connection.id, ticket=ticket, judged_at=judged_at
    )
    # The broker's word stays what it was, whatever the owner has chosen since.
    return replace(judged, replaces=old, broker_symbol=old.broker_symbol)
