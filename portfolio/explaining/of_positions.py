"""Why the figures of one position are what they are now, down to its lots and its sales."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Final

from accounts.templatetags.formats import money, price, quantity
from market.models import Instrument
from portfolio.bookkeeping.amounts import ZERO, product, ten_places
from portfolio.errors import PositionNotFound
from portfolio.explaining.explanations import (
    Arithmetic,
    Explanation,
    Line,
    Part,
    Unit,
    in_order,
    percentage,
    summing,
)
from portfolio.explaining.of_money import (
    held_now,
    made_of,
    newest_price,
    worth_lines,
    worth_of_units,
)
from portfolio.explaining.of_sales import REALISED, of_realised_gain
from portfolio.models import Lot, Portfolio
from portfolio.queries import CashRow, PositionRow, cash_row, position_rows

RATE_DIGITS: Final = Context(prec=12)  # as rates are told, see ``market.currencies.cross_rates``


@dataclass(frozen=True, slots=True)
class Held:
    """One position with all of the portfolio beside it."""

    portfolio: Portfolio
    row: PositionRow
    rows: Sequence[PositionRow]
    cash: CashRow

    @property
    def rate(self) -> Decimal | None:
        """What one of the instrument's currency is in the portfolio's, where there is a price."""
        quote, raw = self.row.quote, self.row.price
        return RATE_DIGITS.divide(quote.last, raw) if quote is not None and raw else None

    @property
    def reason(self) -> str:
        return "no_price" if self.row.price is None else "no_rate"

    def money(self, figure: str, label: str, formula: str, lines: Sequence[Line]) -> Explanation:
        value: Decimal | None = getattr(self.row, figure)
        return summing(figure, label, formula, lines, value=value, reason=self.reason)


def of_position(portfolio: Portfolio, instrument: Instrument, figure: str) -> Explanation:
    """One of ``OF_POSITIONS``, of now. A fixed number of queries.

    Raises:
        PositionNotFound: nothing of it is held; or was ever, of what sales realised.
    """
    if figure == REALISED:
        return of_realised_gain(portfolio, instrument)
    cash = cash_row(portfolio)
    rows = position_rows(portfolio, cash=cash)
    row = next((one for one in rows if one.instrument_id == instrument.id), None)
    if row is None:
        raise PositionNotFound(f"Nothing of {instrument.symbol} is held.")
    return OF_POSITIONS[figure](Held(portfolio, row, rows, cash))


def open_lots(held: Held) -> list[Lot]:
    return list(
        Lot.objects.filter(
            portfolio=held.portfolio, instrument=held.row.instrument, remaining_quantity__gt=0
        ).order_by("opened_at", "id")
    )


def lot_name(lot: Lot) -> str:
    return f"Lot of {lot.opened_at:%-d %b %Y}" + ", not recorded" * lot.is_missing


def units(held: Held) -> Explanation:
    lines = []
    for lot in open_lots(held):
        bought = f"of {quantity(lot.quantity)}" if lot.remaining_quantity != lot.quantity else ""
        lines.append(Line(lot_name(lot), lot.remaining_quantity, Unit.UNITS, bought))
    return held.money(
        "quantity",
        f"Units of {held.row.symbol}",
        "What is left of each lot: what was bought or came in, as splits have made it, less what "
        "was sold or went out.",
        in_order(lines, rest="smaller lots"),
    )


def cost(held: Held) -> Explanation:
    lines = []
    for lot in open_lots(held):
        each = RATE_DIGITS.divide(lot.remaining_cost, lot.remaining_quantity)
        note = f"{quantity(lot.remaining_quantity)} × {price(each)}"
        lines.append(Line(lot_name(lot), lot.remaining_cost, Unit.MONEY, note))
    return held.money(
        "cost",
        f"Cost of {held.row.symbol}",
        "What is left of each lot, at what it cost: price × units at the rate booked, fees and "
        "taxes of the purchase counted in.",
        in_order(lines, rest="smaller lots"),
    )


def average_cost(held: Held) -> Explanation:
    return Explanation(
        figure="average_cost",
        label=f"Average cost of {held.row.symbol}",
        value=held.row.average_cost,
        unit=Unit.PRICE,
        formula="Cost of what is held ÷ units held.",
        arithmetic=Arithmetic.QUOTIENT,
        parts=[
            Part("Cost", [Line("Cost of what is held", held.row.cost)]),
            Part("Units", [Line("Units held", held.row.quantity, Unit.UNITS)]),
        ],
    )


def market_value(held: Held) -> Explanation:
    row = held.row
    newest = None
    if row.price is not None and row.price_as_of is not None:
        newest = newest_price(row.price, row.price_as_of, row.price_source, row.currency)
    return worth_of_units(
        row.quantity,
        newest,
        held.rate,
        currency=held.portfolio.currency,
        label=f"Worth of {row.symbol}",
        value=row.market_value,
        reason=held.reason,
    )


def gain_lines(held: Held) -> list[Line]:
    row = held.row
    note = made_of(row.quantity, row.price, row.instrument, held.rate)
    return [
        Line("Worth now", row.market_value or ZERO, note=note),
        Line("Cost of what is held", -row.cost),
    ]


def unrealised(held: Held) -> Explanation:
    return held.money(
        "unrealised_gain",
        f"Gain on {held.row.symbol}, not realised",
        "Worth now − cost of what is held.",
        gain_lines(held),
    )


def change_lines(held: Held) -> list[Line]:
    row, quote, fresh = held.row, held.row.quote, held.row.fresh
    if quote is None or row.day_change is None:
        return []
    older = row.quantity - fresh.quantity
    lines = []
    if older:
        change = quote.change or ZERO
        note = f"{quantity(older)} × {price(ten_places(change))} since the previous close"
        lines.append(Line("Held before that day", product(older, change), note=note))
    if fresh.quantity:
        note = f"{quantity(fresh.quantity)} × {price(ten_places(quote.last))}"
        lines += [
            Line("Bought on it: worth", product(fresh.quantity, quote.last), note=note),
            Line("Bought on it: cost", -fresh.cost),
        ]
    return lines


def no_change(held: Held) -> str:
    return "no_previous_close" if held.row.quote is not None else held.reason


def change_today(held: Held) -> Explanation:
    return summing(
        "day_change",
        f"Today’s change of {held.row.symbol}",
        "On the day of the quote: units held before × change since the previous close; units "
        "bought on it: worth − cost. In money of today’s rate.",
        change_lines(held),
        value=held.row.day_change,
        reason=no_change(held),
    )


def change_in_percent(held: Held) -> Explanation:
    row = held.row
    before = [
        Line("Worth now", row.market_value or ZERO),
        Line("Today’s change", -(row.day_change or ZERO)),
    ]
    return percentage(
        "day_change_pct",
        f"Today’s change of {row.symbol}, in percent",
        "Today’s change ÷ worth before it.",
        [Part("Today’s change", change_lines(held)), Part("Worth before it", before)],
        value=row.day_change_pct,
        reason=no_change(held) if row.day_change is None else "no_capital",
    )


def gain_in_percent(held: Held) -> Explanation:
    row = held.row
    return percentage(
        "unrealised_gain_pct",
        f"Gain on {row.symbol}, in percent",
        "Gain not realised ÷ cost of what is held.",
        [
            Part("Gain not realised", gain_lines(held)),
            Part("Cost", [Line("Cost of what is held", row.cost)]),
        ],
        value=row.unrealised_gain_pct,
        reason=held.reason if row.unrealised_gain is None else "no_capital",
    )


def weight(held: Held) -> Explanation:
    worth = worth_lines(held.cash.in_all, held_now(held.rows))
    return percentage(
        "weight_pct",
        f"Weight of {held.row.symbol}",
        "Worth of the position ÷ net worth of the portfolio, cash included.",
        [
            Part("The position", [Line(held.row.symbol, held.row.market_value or ZERO)]),
            Part("The portfolio", worth),
        ],
        value=held.row.weight_pct,
        reason="no_rate" if held.cash.in_all is None else "no_price",
    )


def gain_by_rates(held: Held) -> Explanation:
    row, rate = held.row, held.row.exchange_rate
    lines = []
    if rate is not None:
        note = f"{money(row.local_cost, row.currency)} × {quantity(rate)}"
        lines = [
            Line("Cost at today’s rate", product(row.local_cost, rate), note=note),
            Line("Cost at the rates booked", -row.cost),
        ]
    return held.money(
        "currency_gain",
        f"Gain on {row.symbol} by exchange rates",
        "Cost in the instrument’s currency × today’s rate − cost as booked. The rest of the gain "
        "not realised is the price’s.",
        lines,
    )


OF_POSITIONS: Final[dict[str, Callable[[Held], Explanation]]] = {
    "quantity": units,
    "average_cost": average_cost,
    "cost": cost,
    "market_value": market_value,
    "unrealised_gain": unrealised,
    "unrealised_gain_pct": gain_in_percent,
    "day_change": change_today,
    "day_change_pct": change_in_percent,
    "weight_pct": weight,
    "currency_gain": gain_by_rates,
}
POSITION_FIGURES: Final = (*OF_POSITIONS, REALISED)
