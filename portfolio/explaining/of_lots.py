"""Why the figures of one lot are what they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from uuid import UUID

from accounts.errors import NotFound
from accounts.templatetags.formats import price, quantity
from market.live.live_quotes import latest_quotes
from market.values import QuoteValue
from portfolio.bookkeeping.amounts import ZERO
from portfolio.errors import PortfolioError
from portfolio.explaining.explanations import (
    Arithmetic,
    Explanation,
    Line,
    Part,
    Unit,
    in_order,
    summing,
)
from portfolio.explaining.of_money import made_of, newest_price, worth_of_units
from portfolio.explaining.of_sales import SMALLER_SALES, sale_line
from portfolio.models import JournalEntry, Lot, LotClosure, Portfolio
from portfolio.valuations.lot_rows import LotRow, lot_rows
from portfolio.valuations.money_now import rate_of, rates_today


class LotNotFound(PortfolioError, NotFound):
    """The portfolio has no such lot."""

    code = "lot_not_found"


@dataclass(frozen=True, slots=True)
class Kept:
    """One lot with what became of it, in the order of time."""

    lot: Lot
    row: LotRow
    entry: JournalEntry  # that opened it
    closures: Sequence[LotClosure]
    quote: QuoteValue | None  # in the instrument's currency
    rate: Decimal | None

    @property
    def name(self) -> str:
        return f"the lot of {self.lot.opened_at:%-d %b %Y}, {self.row.symbol}"

    @property
    def reason(self) -> str:
        return "no_price" if self.quote is None else "no_rate"


def of_lot(portfolio: Portfolio, lot_id: UUID, figure: str) -> Explanation:
    """One of ``LOT_FIGURES``, of now. A fixed number of queries.

    Raises:
        LotNotFound: the portfolio has no such lot.
    """
    lots = Lot.objects.filter(portfolio=portfolio, id=lot_id)
    lot = lots.select_related("instrument", "opening_entry").first()
    if lot is None:
        raise LotNotFound("There is no such lot.")
    quotes = latest_quotes([lot.instrument_id])
    rates = rates_today([(lot.instrument.currency, lot.currency)])
    kept = Kept(
        lot,
        lot_rows([lot], quotes=quotes)[0],
        lot.opening_entry,
        list(LotClosure.objects.filter(lot=lot).order_by("closed_at", "closing_entry_id")),
        quotes.get(lot.instrument_id),
        rate_of(rates, lot.instrument.currency, lot.currency),
    )
    return OF_LOTS[figure](kept)


def cost(kept: Kept) -> Explanation:
    """Of a purchase: price and charges; of what came otherwise: what it was brought with."""
    row, charges = kept.row, kept.row.charges
    if charges is None:
        lines = [Line("What it came with", row.cost)]
    else:
        lines = [Line("Price of the units", row.cost - charges, note=paid(kept))]
        if charges:
            lines.append(Line("Fees and taxes", charges))
    return summing(
        "cost",
        f"Cost of {kept.name}",
        "Units × price at the rate booked + fees and taxes of the purchase. Units that a transfer "
        "brought keep their cost; an average has that of all its purchases.",
        lines,
        value=row.cost,
    )


def paid(kept: Kept) -> str:
    entry = kept.entry
    if entry.quantity is None or entry.unit_price is None:
        return ""
    words = f"{quantity(entry.quantity)} × {price(entry.unit_price)} {entry.currency}"
    return words if entry.currency == kept.lot.currency else f"{words} at the rate booked"


def used(kept: Kept, amount_of: Callable[[LotClosure], Decimal], unit: Unit) -> list[Line]:
    return [
        Line(f"Went on {one.closed_at:%-d %b %Y}", -amount_of(one), unit)
        for one in kept.closures
        if amount_of(one)
    ]


def remaining_quantity(kept: Kept) -> Explanation:
    lines = [Line("Came in", kept.lot.quantity, Unit.UNITS)]
    if kept.lot.added_quantity:
        lines.append(Line("By splits", kept.lot.added_quantity, Unit.UNITS))
    lines += used(kept, lambda one: one.quantity, Unit.UNITS)
    return summing(
        "remaining_quantity",
        f"Units left of {kept.name}",
        "Units that came in, and what splits made of them − units that were sold or went out.",
        in_order(lines, rest=SMALLER_SALES),
        value=kept.row.remaining_quantity,
    )


def remaining_cost(kept: Kept) -> Explanation:
    lines = [Line("Cost of the whole lot", kept.row.cost)]
    lines += used(kept, lambda one: one.cost, Unit.MONEY)
    return summing(
        "remaining_cost",
        f"Cost left in {kept.name}",
        "Cost of the whole lot − cost of the units that were sold or went out.",
        in_order(lines, rest=SMALLER_SALES),
        value=kept.row.remaining_cost,
    )


def unit_cost(kept: Kept) -> Explanation:
    row, is_open = kept.row, bool(kept.row.remaining_quantity)
    money = row.remaining_cost if is_open else row.cost
    held = row.remaining_quantity if is_open else row.quantity
    return Explanation(
        figure="unit_cost",
        label=f"Cost of a unit in {kept.name}",
        value=row.unit_cost,
        unit=Unit.PRICE,
        formula="Cost of what is left ÷ units left; of a lot that is closed: of all of it.",
        arithmetic=Arithmetic.QUOTIENT,
        parts=[
            Part("Cost", [Line("Cost", money)]),
            Part("Units", [Line("Units", held, Unit.UNITS)]),
        ],
    )


def market_value(kept: Kept) -> Explanation:
    quote, newest = kept.quote, None
    if quote is not None:
        own = kept.lot.instrument.currency
        newest = newest_price(quote.last, quote.occurred_at, quote.source, own)
    return worth_of_units(
        kept.row.remaining_quantity,
        newest,
        kept.rate,
        currency=kept.lot.currency,
        label=f"Worth of {kept.name}",
        value=kept.row.market_value,
        reason=kept.reason,
    )


def unrealised(kept: Kept) -> Explanation:
    row = kept.row
    note = made_of(row.remaining_quantity, row.price, row.instrument, kept.rate)
    lines = [
        Line("Worth now", row.market_value or ZERO, note=note),
        Line("Cost of what is left", -row.remaining_cost),
    ]
    return summing(
        "unrealised_gain",
        f"Gain on {kept.name}, not realised",
        "Worth of the units left − what they cost.",
        lines,
        value=row.unrealised_gain,
        reason=kept.reason,
    )


def realised(kept: Kept) -> Explanation:
    return summing(
        "realised_gain",
        f"Gain on {kept.name}, realised",
        "Of each sale of its units: proceeds after charges − what they cost.",
        in_order(list(gains(kept.closures)), rest=SMALLER_SALES),
        value=kept.row.realised_gain,
    )


def gains(closures: Iterable[LotClosure]) -> Iterable[Line]:
    """What went out unsold brought its cost, and no gain."""
    for one in closures:
        if one.quantity and one.proceeds != one.cost:
            yield sale_line(one.quantity, one.closed_at, proceeds=one.proceeds, cost=one.cost)


OF_LOTS: Final[dict[str, Callable[[Kept], Explanation]]] = {
    "cost": cost,
    "unit_cost": unit_cost,
    "remaining_quantity": remaining_quantity,
    "remaining_cost": remaining_cost,
    "market_value": market_value,
    "unrealised_gain": unrealised,
    "realised_gain": realised,
}
LOT_FIGURES: Final = tuple(OF_LOTS)
