"""Why the figures of one position over days are what they are, from what is stored of each day."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Final

from market.models import Instrument
from portfolio.bookkeeping.amounts import ZERO
from portfolio.errors import PositionNotFound
from portfolio.explaining.explanations import Explanation, Line, by_span, summing
from portfolio.explaining.of_money import made_of
from portfolio.models import Portfolio, PositionValuation
from portfolio.portfolios import total
from portfolio.returns.periods import ONE_DAY, find_period
from portfolio.valuation import freshen


@dataclass(frozen=True, slots=True)
class StoredDays:
    """One position on the day before a span, and on the days of it that are over."""

    instrument: Instrument
    before: PositionValuation | None
    days: Sequence[PositionValuation]
    end: date

    @property
    def final(self) -> PositionValuation | None:
        """As it was at the end; None where nothing was held by then."""
        return next(
            (row for row in (*self.days, self.before) if row and row.date == self.end), None
        )


def of_position_days(
    portfolio: Portfolio,
    instrument: Instrument,
    figure: str,
    *,
    start: date | None,
    end: date | None,
    at: datetime,
) -> Explanation:
    """One of ``POSITION_DAYS``, over whole days that are over, both ends included.

    Raises:
        PeriodRefused: the period ends in the future, or before it starts.
        PositionNotFound: the portfolio never held it.
    """
    start, end = find_period(portfolio, start=start, end=end, today=at.date())
    end = min(end, at.date() - ONE_DAY)  # today has no row yet
    freshen(portfolio, through_date=end)
    rows = PositionValuation.objects.filter(portfolio=portfolio, instrument=instrument)
    if not rows.exists():
        raise PositionNotFound(f"{instrument.symbol} was never held for a whole day.")
    found = list(rows.filter(date__range=(start - ONE_DAY, end)).order_by("date"))
    before = found.pop(0) if found and found[0].date < start else None
    explained = POSITION_DAYS[figure](StoredDays(instrument, before, found, end))
    return replace(explained, is_of_days=True)


def gap_of(lacking: Sequence[PositionValuation]) -> str:
    """Why a figure is not known that needs what these days lack."""
    return next((row.gap for row in lacking if row.gap), "no_price")


def moved(found: StoredDays, *, figure: str, label: str, formula: str) -> Explanation:
    """The sum of what each day says; None where a day's is not known."""
    amounts: dict[date, Decimal | None] = {row.date: getattr(row, figure) for row in found.days}
    known = [(day, amount) for day, amount in amounts.items() if amount is not None]
    return summing(
        figure,
        f"{label} {found.instrument.symbol}",
        formula,
        by_span(known),
        value=total(amounts.values()),
        reason=gap_of([row for row in found.days if amounts[row.date] is None]),
    )


def gain(found: StoredDays) -> Explanation:
    ends = [row for row in (found.final, found.before) if row is not None]
    lacking = [row for row in ends if row.market_value is None]
    lacking += [row for row in found.days if row.inflow is None or row.outflow is None]
    lines = [
        worth_line("Worth at the end", found.final, found.instrument, sign=1),
        worth_line("Worth before", found.before, found.instrument, sign=-1),
        *(
            Line(label, sum((sign * (getattr(row, name) or ZERO) for row in found.days), ZERO))
            for label, name, sign in FLOWS
        ),
    ]
    return summing(
        "gain",
        f"Gain on {found.instrument.symbol}",
        "Worth at the end − worth before − what was bought or came in + what was sold or went out "
        "+ income − what was withheld from it.",
        lines,
        value=None if lacking else sum((line.value for line in lines), ZERO),
        reason=gap_of(lacking),
    )


def worth_line(
    label: str, row: PositionValuation | None, instrument: Instrument, *, sign: int
) -> Line:
    if row is None:
        return Line(label, ZERO, note="nothing held")
    note = f"{row.date:%-d %b %Y}: {made_of(row.quantity, row.price, instrument, row.rate)}"
    return Line(label, sign * (row.market_value or ZERO), note=note)


def gain_by_rates(found: StoredDays) -> Explanation:
    ends = (("At the end", found.final, 1), ("Before", found.before, -1))
    lacking = [row for _, row, _ in ends if row is not None and row.currency_effect is None]
    lines = [
        Line(label, ZERO if row is None else sign * (row.currency_effect or ZERO))
        for label, row, sign in ends
    ]
    return summing(
        "gain_by_rates",
        f"Gain on {found.instrument.symbol} by exchange rates",
        "What rates have done to the cost of open units since they were bought: at the end − "
        "before.",
        lines,
        value=None if lacking else sum((line.value for line in lines), ZERO),
        reason="no_rate",
    )


FLOWS: Final = (
    ("Bought or came in", "inflow", -1),
    ("Sold or went out", "outflow", 1),
    ("Dividends", "income", 1),
    ("Withheld from them", "charges", -1),
)
POSITION_DAYS: Final[dict[str, Callable[[StoredDays], Explanation]]] = {
    "gain": gain,
    "inflow": partial(
        moved,
        figure="inflow",
        label="Bought of",
        formula="Units bought, charges counted in, and units that came in at that day’s price, by "
        "day.",
    ),
    "outflow": partial(
        moved,
        figure="outflow",
        label="Sold of",
        formula="Units sold, less charges, and units that went out at that day’s price, by day.",
    ),
    "income": partial(
        moved,
        figure="income",
        label="Income of",
        formula="Dividends, gross, as booked, by day; those of the market from their ex-date on.",
    ),
    "charges": partial(
        moved,
        figure="charges",
        label="Withheld from income of",
        formula="Fees and taxes withheld from income, as booked, by day.",
    ),
    "gain_by_rates": gain_by_rates,
}
