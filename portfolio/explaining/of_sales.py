"""Why what sales gained is what it is: within a period, and of one position."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.db.models import Sum

from accounts.templatetags.formats import quantity
from market.models import Instrument
from portfolio.bookkeeping.drafts import EntryKind
from portfolio.errors import PositionNotFound
from portfolio.explaining.explanations import (
    Arithmetic,
    Explanation,
    Line,
    Part,
    Unit,
    in_order,
    largest_first,
    summing,
)
from portfolio.models import LotClosure, Portfolio
from portfolio.portfolios import total
from portfolio.queries import realised_gain_of
from portfolio.returns.realised import RealisedPeriod

PERIOD_GAIN: Final = "period_gain"
REALISED: Final = "realised_gain"
SMALLER_SALES: Final = "smaller sales"


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


def of_realised_gain(portfolio: Portfolio, instrument: Instrument) -> Explanation:
    """By sale; of what is held and of what no longer is. Three queries at most.

    Raises:
        PositionNotFound: it was never held.
    """
    value = realised_gain_of(portfolio, instrument)
    if value is None:
        raise PositionNotFound(f"{instrument.symbol} was never held.")
    return summing(
        REALISED,
        f"Gain on {instrument.symbol}, realised",
        "Of each sale: proceeds after charges − cost of the units it used, by the portfolio’s own "
        "way of choosing lots.",
        in_order(
            [
                sale_line(one["sold"], one["closed_at"], proceeds=one["brought"], cost=one["paid"])
                for one in sales_of(portfolio, instrument)
            ],
            rest=SMALLER_SALES,
        ),
        value=value,
    )


def sales_of(portfolio: Portfolio, instrument: Instrument) -> list[dict[str, Any]]:
    closures = LotClosure.objects.filter(
        lot__portfolio=portfolio,
        lot__instrument=instrument,
        closing_entry__kind=EntryKind.SELL,
        closed_at__gt=portfolio.counts_from,
    )
    by_sale = closures.values("closing_entry_id", "closed_at").annotate(
        sold=Sum("quantity"), brought=Sum("proceeds"), paid=Sum("cost")
    )
    return [dict(one) for one in by_sale.order_by("closed_at", "closing_entry_id")]


def sale_line(units: Decimal, closed_at: datetime, *, proceeds: Decimal, cost: Decimal) -> Line:
    note = f"{proceeds:,.2f} proceeds − {cost:,.2f} cost"
    return Line(f"{quantity(units)} sold on {closed_at:%-d %b %Y}", proceeds - cost, note=note)
