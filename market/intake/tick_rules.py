"""What no tick can be, whatever instruments there are. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from market.intake.tick_columns import TickColumns
from market.values import TickValue

ZERO: Final = Decimal(0)
CLOCK_TOLERANCE: Final = timedelta(seconds=5)  # a provider's clock may run ahead by this


def find_problem(tick: TickValue, *, latest_at: datetime) -> tuple[str, str] | None:
    """Why it cannot be true, as a code and in words; see also ``are_all_sound``.

    Args:
        latest_at: what is said to have happened after it has not happened yet.
    """
    if not (tick.price.is_finite() and tick.price > ZERO):
        return "price_not_positive", f"price was {tick.price}, must be > 0"
    if not (tick.size.is_finite() and tick.size >= ZERO):
        return "size_negative", f"size was {tick.size}, must be >= 0"
    if tick.occurred_at > latest_at:
        return "future_time", f"time was {tick.occurred_at}, must not lie ahead"
    return None


def are_all_sound(ticks: TickColumns, *, latest_at: datetime) -> bool:
    """Whether ``find_problem`` would find none; many times as quick as to ask it of each tick."""
    if not ticks:
        return True
    return (
        all(map(Decimal.is_finite, ticks.prices))
        and all(map(Decimal.is_finite, ticks.sizes))
        and min(ticks.prices) > ZERO
        and min(ticks.sizes) >= ZERO
        and max(ticks.times) <= latest_at
    )
