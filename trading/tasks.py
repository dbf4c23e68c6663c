"""What the workers do for trading. Each task calls one operation and may run twice."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from django.utils import timezone

from accounts.policies import works_for_the_desk


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


@shared_task(name="trading.tasks.cancel_over_splits", queue="money")  # type: ignore[untyped-decorator]
@works_for_the_desk
def cancel_over_splits(**_: Any) -> int:
    """Ask for orders placed before a split to be taken out, once its day has begun."""
    from trading.changing.split_orders import cancel_over_splits as cancel

    return cancel(now=timezone.now())


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
