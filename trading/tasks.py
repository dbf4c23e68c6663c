"""What the workers do for trading. Each task calls one operation and may run twice."""

from __future__ import annotations

import logging
from typing import Any

from celery import shared_task
from django.utils import timezone

from accounts.policies import works_for_the_desk

logger = logging.getLogger(__name__)


@shared_task(name="trading.tasks.settle_due", queue="money")  # type: ignore[untyped-decorator]
@works_for_the_desk
def settle_due(**_: Any) -> int:
    """Exchange what fills promised for today or earlier."""
    from trading.settlement import settle_due as settle

    return settle(as_of=timezone.now())


@shared_task(name="trading.tasks.expire_day_orders", queue="money")  # type: ignore[untyped-decorator]
@works_for_the_desk
def expire_day_orders(**_: Any) -> int:
    """Queue the end of day orders whose session has closed; the matcher carries it out."""
    from trading.shards.expiry import request_expiries

    return request_expiries(now=timezone.now())


@shared_task(name="trading.tasks.adjust_over_splits", queue="money")  # type: ignore[untyped-decorator]
@works_for_the_desk
def adjust_over_splits(**_: Any) -> int:
    """Adjust orders placed before a split, once its day has begun; how many are asked for.

    One portfolio that fails does not stop the others; the next run tries it again.
    """
    from trading.changing.split_orders import adjust_orders, cancel_misled, overtaken

    now = timezone.now()
    count = cancel_misled(now=now)
    for portfolio_id, instrument_id in overtaken(now=now):
        try:
            count += adjust_orders(portfolio_id, instrument_id, now=now)
        except Exception:
            logger.exception("Orders of portfolio %s were not adjusted.", portfolio_id)
    return count


@shared_task(name="trading.tasks.carry_out_resets", queue="money")  # type: ignore[untyped-decorator]
@works_for_the_desk
def carry_out_resets(**_: Any) -> int:
    """Let paper portfolios begin anew whose orders have ended since that was asked for."""
    from trading.resets.carrying_out import carry_out_resets as carry_out

    return carry_out(at=timezone.now())


@shared_task(name="trading.tasks.carry_out_closings", queue="money")  # type: ignore[untyped-decorator]
@works_for_the_desk
def carry_out_closings(**_: Any) -> int:
    """Sell positions whose orders have ended since that was asked for."""
    from trading.changing.closing_followed import carry_out_closings as carry_out

    return carry_out(at=timezone.now())
