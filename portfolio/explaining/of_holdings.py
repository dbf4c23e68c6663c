"""Why cash is what it is, and what a part of an allocation is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Final

from accounts.errors import NotFound
from accounts.templatetags.formats import money, quantity
from portfolio.bookkeeping.amounts import ZERO
from portfolio.errors import PortfolioError
from portfolio.explaining.explanations import (
    Explanation,
    Line,
    Part,
    largest_first,
    percentage,
    summing,
)
from portfolio.explaining.of_money import SMALLER, made_of
from portfolio.holdings.allocation import Allocation, Dimension, Holding, Slice, allocation
from portfolio.models import Portfolio
from portfolio.valuations.overviews import cash_balances, cash_of, in_all


class SliceNotFound(PortfolioError, NotFound):
    """Nothing of that kind is in the portfolio."""

    code = "slice_not_found"


def cash_in_all(portfolio: Portfolio) -> Explanation:
    """A line for each currency."""
    held = cash_of([portfolio], cash_balances([portfolio]))[portfolio.id]
    lines = [
        cash_line(one.amount, one.currency, one.rate, value=one.value, accrued=one.accrued)
        for one in held
    ]
    return summing(
        "cash",
        "Cash",
        "What there is of each currency, settled or not and dividends from their ex-date on, × "
        "today’s rate.",
        lines,
        value=in_all(held),
        reason="no_rate",
    )


def cash_line(
    amount: Decimal,
    currency: str,
    rate: Decimal | None,
    *,
    value: Decimal | None,
    accrued: Decimal = ZERO,
) -> Line:
    note = "" if rate == 1 else money(amount, currency)
    if note and rate is not None:
        note += f" × {quantity(rate)}"
    if accrued:
        note += f"{', ' if note else ''}of it {money(accrued, currency)} accrued"
    return Line(f"Cash in {currency}", value or ZERO, note=note)


def buying_power(portfolio: Portfolio) -> Explanation:
    balance = cash_balances([portfolio]).get((portfolio.id, portfolio.currency))
    lines = []
    if balance is not None:
        lines = [
            Line("Settled", balance.settled),
            Line("To receive", balance.to_receive),
            Line("To pay", balance.to_deliver),
            Line("Held by orders", -balance.held),
        ]
    return summing(
        "buying_power",
        "Buying power",
        f"Of {portfolio.currency} alone: settled cash + what sales will bring − what purchases "
        "will take − what orders have reserved. Dividends count once they are paid.",
        lines,
        value=sum((line.value for line in lines), ZERO),
    )


def of_slice(portfolio: Portfolio, by: Dimension, key: str, figure: str) -> Explanation:
    """One of ``SLICE_FIGURES`` of a part of the allocation, of now.

    Raises:
        SliceNotFound: nothing of that key is in the portfolio.
    """
    found = allocation(portfolio, by)
    part = next((one for one in found.slices if one.key == key), None)
    if part is None:
        raise SliceNotFound(f"Nothing of the {by.value} {key[:40]!r} is in the portfolio.")
    return OF_SLICES[figure](found, part)


def slice_lines(holdings: Iterable[Holding]) -> list[Line]:
    lines = []
    for one in holdings:
        if one.instrument is None:
            lines.append(cash_line(one.quantity, one.currency, one.rate, value=one.value))
        else:
            note = made_of(one.quantity, one.price, one.instrument, one.rate)
            lines.append(Line(one.instrument.symbol, one.value or ZERO, note=note))
    return largest_first(lines, rest=SMALLER)


def slice_value(_: Allocation, part: Slice) -> Explanation:
    return summing(
        "value",
        f"Worth of “{part.label}”",
        "Of each holding in it: units × newest price × today’s rate; of cash: what there is × "
        "today’s rate.",
        slice_lines(part.holdings),
        value=part.value,
        reason=lacking(part),
    )


def lacking(part: Slice) -> str:
    """Why it has no value: a price is missing, or else a rate."""
    unknown = [one for one in part.holdings if one.value is None]
    has_prices = all(one.instrument is None or one.price is not None for one in unknown)
    return "no_rate" if has_prices else "no_price"


def slice_weight(found: Allocation, part: Slice) -> Explanation:
    every = [Line(one.label, one.value or ZERO) for one in found.slices]
    unknown = next((one for one in found.slices if one.value is None), None)
    return percentage(
        "weight_pct",
        f"Weight of “{part.label}”",
        "Worth of the part ÷ worth of all parts.",
        [
            Part("The part", slice_lines(part.holdings)),
            Part("All parts", largest_first(every, rest=SMALLER)),
        ],
        value=part.weight_pct,
        reason=lacking(unknown) if unknown else "no_capital",
    )


OF_SLICES: Final[dict[str, Callable[[Allocation, Slice], Explanation]]] = {
    "value": slice_value,
    "weight_pct": slice_weight,
}
SLICE_FIGURES: Final = tuple(OF_SLICES)
