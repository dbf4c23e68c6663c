"""Selling positions whose orders have ended since that was asked for: safe at any time, by many."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.dispatch import receiver

from accounts.errors import Problem
from trading import broadcasts
from trading.changing.closing import sell_position
from trading.changing.closing_requests import waiting_sales
from trading.errors import OrderDenied, TooManyOpenOrders
from trading.models import Order, PositionClosing
from trading.order_entry.stops import OrderEntryStopped
from trading.shards.changes import Changes
from trading.signals import closing_refused, orders_changed

logger = logging.getLogger(__name__)

# A quote that is late for so long is waited for.
PRICE_AWAITED: Final = timedelta(minutes=1)


def carry_out_closings(*, at: datetime) -> int:
    """Sell what is free by now; return how many wishes came to their end. One stops no other."""
    pending = PositionClosing.objects.pending().order_by("requested_at", "id")
    count = 0
    for closing_id in list(pending.values_list("id", flat=True)):
        try:
            count += carry_out(closing_id, at=at)
        except OrderEntryStopped:
            break  # they wait until orders are taken again
        except Exception:
            logger.exception("Closing %s could not be carried out.", closing_id)
    return count


@transaction.atomic
def carry_out(closing_id: UUID, *, at: datetime) -> bool:
    """Sell the position unless an order that was to end works still; say whether it is done.

    Raises:
        OrderEntryStopped: the desk takes no orders at the moment.
    """
    pending = PositionClosing.objects.pending().select_related("instrument")
    closing = (
        pending.filter(id=closing_id)
        .select_for_update(no_key=True, skip_locked=True, of=("self",))
        .first()
    )
    if closing is None or _is_waiting(closing):
        return False
    try:
        with transaction.atomic():
            closing.order = sell_position(
                portfolio_id=closing.portfolio_id,
                instrument=closing.instrument,
                closed_at=at,
                actor_id=closing.requested_by_id,
            ).order
    except OrderDenied as error:
        if _may_pass(error.problems) and at - closing.requested_at < PRICE_AWAITED:
            return False
        closing.problems = [_plain(problem) for problem in error.problems]
    except TooManyOpenOrders as error:
        closing.problems = [_plain(Problem("", error.code, str(error)))]
    closing.done_at = max(at, closing.requested_at)
    closing.save(update_fields=["done_at", "order", "problems"])
    # Where nothing is held any more an exit has sold it, which is no bad news.
    if any(one["code"] != "no_position" for one in closing.problems):
        closing_refused.send(sender=PositionClosing, closing=closing, at=at)
    broadcasts.ring_on_commit(closing.portfolio_id)
    return True


def _is_waiting(closing: PositionClosing) -> bool:
    """Whether one of the orders that were to end works still; later ones are another wish."""
    asked = Order.objects.working().filter(
        waiting_sales(closing.instrument),
        portfolio_id=closing.portfolio_id,
        submitted_at__lte=closing.requested_at,
    )
    return asked.exists()


def _may_pass(problems: Sequence[Problem]) -> bool:
    return {problem.code for problem in problems} == {"no_price"}


def _plain(problem: Problem) -> dict[str, str]:
    return {"field": problem.field, "code": problem.code, "message": problem.message}


@receiver(orders_changed, dispatch_uid="trading.follow_closings")
def follow_closings(*, changes: Changes, **_: Any) -> None:
    """When the matcher has ended orders of a position that is to be sold, go on with it."""
    if not changes.awaiting.closings.isdisjoint(changes.portfolios_of_ended()):
        transaction.on_commit(request_carrying_out, robust=True)


def request_carrying_out() -> None:
    """Have it done soon. The task that runs every few seconds makes up for a lost message."""
    from trading.tasks import carry_out_closings  # noqa: PLC0415 - tasks import us

    # The matcher calls this, and waits for no broker.
    carry_out_closings.apply_async(retry=False)
