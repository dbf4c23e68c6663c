"""Why what sales gained within a period is what it is."""

from __future__ import annotations

from typing import Final

from market.models import Instrument
from portfolio.explaining.explanations import (
    Arithmetic,
    Explanation,
    Line,
    Part,
    Unit,
    largest_first,
)
from portfolio.portfolios import total
from portfolio.returns.realised import RealisedPeriod

PERIOD_GAIN: Final = "period_gain"


def of_period_gain(found: RealisedPeriod) -> Explanation:
    """A line for each lot that each sale used, the largest first."""
    value, lines = total(found.period_gains), []
    if value is not None:
        names = Instrument.objects.in_bulk({one.instrument_id for one in found.realised})
        for one, gain in zip(found.realised, found.period_gains, strict=True):
            if gain is None:
                continue
            symbol, units = names[one.instrument_id].symbol, f"{one.quantity.normalize():f}"
            is_older = one.opened_at.date() < found.start
            counted = "worth when the time began" if is_older else "cost"
            lines.append(
                Line(
                    f"{symbol}, {units} sold on {one.closed_at:%-d %b %Y}",
                    gain,
                    Unit.MONEY,
                    f"{one.proceeds:.2f} proceeds − {one.proceeds - gain:.2f} {counted}",
                )
            )
    return Explanation(
        figure=PERIOD_GAIN,
        label="Gains of sales within the time",
        value=value,
        unit=Unit.MONEY,
        formula="Of each sale: proceeds − what its units were worth when the time began; of units "
        "bought within it, proceeds − cost. The gain against acquisition cost is another number.",
        arithmetic=Arithmetic.SUM,
        parts=[Part("Sales", largest_first(lines, rest="smaller ones"))],
        reason="" if value is not None else "no_price_at_start",
    )
