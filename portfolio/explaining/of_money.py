"""Why amounts of money are what they are: the drivers of a period, worth, and today's change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from accounts.templatetags.formats import quantity
from market.models import Instrument
from portfolio.bookkeeping.amounts import ZERO
from portfolio.explaining.explanations import (
    Arithmetic,
    Explanation,
    Line,
    Part,
    Unit,
    by_span,
    largest_first,
    summing,
)
from portfolio.models import Portfolio, PositionValuation
from portfolio.queries import PositionRow, cash_row, position_rows
from portfolio.returns.facts import DayMoney
from portfolio.returns.performance import Performance
from portfolio.returns.periods import ONE_DAY

SMALLER: Final = "smaller ones"
LABELS: Final = {
    "start_value": "Value at the start",
    "end_value": "Value at the end",
    "net_flows": "Paid in, less taken out",
    "realised_gain": "Gains realised by sales",
    "unrealised_gain": "Change of gains not realised",
    "income": "Dividends and interest",
    "fees": "Fees, less those of trades",
    "taxes": "Taxes, less those of trades",
    "currency_effect": "What exchange rates did",
    "total_value": "Net worth",
    "day_change": "Today's change",
}
FORMULAS: Final = {
    "start_value": "Cash, dividends from their ex-date on counted in, + units × price × rate of "
    "each holding, at the end of the day before.",
    "end_value": "Cash, dividends from their ex-date on counted in, + units × price × rate of "
    "each holding, at the end.",
    "net_flows": "What crossed the portfolio's border: cash as booked, units at the day's price.",
    "realised_gain": "Of each sale: proceeds − cost of the units it used, charges counted in.",
    "unrealised_gain": "(Holdings − their cost) at the end − (holdings − their cost) at the "
    "start − gains that came with units − what rates did to cost.",
    "income": "Dividends and interest, gross, as booked. Dividends of the market count from their "
    "ex-date on, at that day’s rate.",
    "fees": "Fees that stand alone or were withheld from income. Those of trades are in the gains.",
    "taxes": "Taxes that stand alone or were withheld from income. Those of trades are in the "
    "gains.",
    "currency_effect": "What rates did to cash of other currencies + what they did to the cost of "
    "units held in other currencies.",
    "total_value": "Cash, dividends from their ex-date on counted in, + units × newest price × "
    "rate of each holding.",
    "day_change": "Of each holding: units held before × change since the previous close; units "
    "bought on the day of the quote: from their cost.",
}


def of_driver(found: Performance, figure: str, *, today: date) -> Explanation:
    """One term of the identity over a period."""
    value, reason = driver_value(found, figure)
    return explained(figure, value, [] if value is None else LINES[figure](found, today), reason)


def driver_value(found: Performance, figure: str) -> tuple[Decimal | None, str]:
    """With the sign that it has in the identity; None for the reason beside it."""
    drivers = found.drivers
    value: Decimal | None = getattr(found, figure) if figure.endswith("_value") else None
    if drivers is not None:
        value = getattr(drivers, figure)
    if value is None:
        return None, found.reasons.get("identity_gap", "no_price")
    return value if sign_of(figure) > 0 else -value, ""


def sign_of(figure: str) -> int:
    """With which a driver counts in the identity."""
    return -1 if figure in ("fees", "taxes") else 1


def explained(
    figure: str, value: Decimal | None, lines: Iterable[Line], reason: str
) -> Explanation:
    return summing(
        figure, LABELS[figure], FORMULAS[figure], list(lines), value=value, reason=reason
    )


def worth_lines(cash: Decimal | None, held: Iterable[Line]) -> list[Line]:
    return [Line("Cash", cash or ZERO), *largest_first(held, rest=SMALLER)]


def held_now(rows: Iterable[PositionRow]) -> Iterator[Line]:
    for row in rows:
        note = made_of(row.quantity, row.price, row.instrument, row.exchange_rate)
        yield Line(row.symbol, row.market_value or ZERO, note=note)


def held_on(portfolio: Portfolio, day: date) -> Iterator[Line]:
    """By what is stored of that day, as the value is that it explains. One query."""
    days = PositionValuation.objects.filter(portfolio=portfolio, date=day).exclude(quantity=0)
    for one in days.select_related("instrument").order_by("instrument__symbol", "instrument_id"):
        note = made_of(one.quantity, one.price, one.instrument, one.rate)
        yield Line(one.instrument.symbol, one.market_value or ZERO, note=note)


def made_of(
    units: Decimal, price: Decimal | None, instrument: Instrument, rate: Decimal | None
) -> str:
    words = f"{quantity(units)} × {'' if price is None else quantity(price)} {instrument.currency}"
    if rate is not None and rate != 1:
        words += f" × {quantity(rate)}"
    return words


def ending_lines(found: Performance, day: date, today: date) -> list[Line]:
    (portfolio,) = found.portfolios
    is_now = day >= today
    held = held_now(position_rows(portfolio)) if is_now else held_on(portfolio, day)
    return worth_lines(found.facts.worth_on(day).cash, held)


def money_lines(
    take: Callable[[DayMoney], Decimal | None],
) -> Callable[[Performance, date], list[Line]]:
    def lines(found: Performance, _today: date) -> list[Line]:
        return by_span((day, take(money) or ZERO) for day, money in found.facts.money.items())

    return lines


def realised_lines(found: Performance, _today: date) -> list[Line]:
    gains: dict[int, list[Decimal]] = {}
    for one in found.realised:
        gains.setdefault(one.instrument_id, []).append(one.gain)
    names = Instrument.objects.in_bulk(list(gains))
    lines = [
        Line(names[key].symbol, sum(all_of, ZERO), note=f"{len(all_of)} lots sold")
        for key, all_of in gains.items()
    ]
    return largest_first(lines, rest=SMALLER)


def unrealised_lines(found: Performance, _today: date) -> list[Line]:
    made = found.unrealised
    if made is None:
        return []
    lines = [
        Line("Holdings at the end", made.end_value),
        Line("Their cost", -made.end_cost),
        Line("Holdings at the start", -made.start_value),
        Line("Their cost", made.start_cost),
        Line("Gains that came with units, less those that left", -made.carried_gain),
        Line("What rates did to cost", -made.effect_on_cost),
    ]
    return [*lines[:4], *(line for line in lines[4:] if line.value)]


def currency_lines(found: Performance, _today: date) -> list[Line]:
    made = found.unrealised
    if made is None:
        return []
    return [
        Line("Cash in other currencies", made.effect_on_cash),
        Line("Cost of units in other currencies", made.effect_on_cost),
    ]


LINES: Final[dict[str, Callable[[Performance, date], list[Line]]]] = {
    "start_value": lambda found, today: ending_lines(found, found.start - ONE_DAY, today),
    "end_value": lambda found, today: ending_lines(found, found.end, today),
    "net_flows": money_lines(
        lambda day: None if day.inflow is None or day.outflow is None else day.inflow - day.outflow
    ),
    "realised_gain": realised_lines,
    "unrealised_gain": unrealised_lines,
    "income": money_lines(lambda day: day.income),
    "fees": money_lines(lambda day: -day.fees),
    "taxes": money_lines(lambda day: -day.taxes),
    "currency_effect": currency_lines,
}


def newest_price(value: Decimal, as_of: datetime, source: str | None, currency: str) -> Line:
    told = f"{as_of:%-d %b %Y, %H:%M:%S} UTC, {source}"
    return Line("Newest price", value, Unit.PRICE, told, currency)


def worth_of_units(
    units: Decimal,
    newest: Line | None,
    rate: Decimal | None,
    *,
    currency: str,
    label: str,
    value: Decimal | None,
    reason: str,
) -> Explanation:
    """Units × price × rate; ``rate`` is in ``currency`` for one of the price's."""
    parts = []
    if value is not None and newest is not None and rate is not None:
        lines = [Line("Units held", units, Unit.UNITS), newest]
        if newest.currency != currency:
            name = f"{currency} for one {newest.currency}, today"
            lines.append(Line(name, rate, Unit.RATE))
        parts = [Part("Multiplied", lines)]
    return Explanation(
        figure="market_value",
        label=label,
        value=value,
        unit=Unit.MONEY,
        formula="Units × newest price × today’s rate of its currency.",
        arithmetic=Arithmetic.PRODUCT,
        parts=parts,
        reason="" if parts else reason,
    )


def net_worth(portfolio: Portfolio) -> Explanation:
    """What the portfolio is worth now, from its cash and each holding."""
    cash = cash_row(portfolio)
    rows = position_rows(portfolio, cash=cash)
    lacking = [row for row in rows if row.market_value is None]
    lines = worth_lines(cash.in_all, held_now(rows))
    if lacking or cash.in_all is None:
        has_price = any(row.price is not None for row in lacking)
        reason = "no_rate" if cash.in_all is None or has_price else "no_price"
        return explained("total_value", None, (), reason)
    return explained("total_value", sum((line.value for line in lines), ZERO), lines, "")


def change_today(portfolio: Portfolio) -> Explanation:
    rows = position_rows(portfolio)
    if any(row.day_change is None for row in rows):
        return explained("day_change", None, (), "no_price")
    lines = [
        Line(row.symbol, row.day_change or ZERO, note=f"{quantity(row.quantity)} held")
        for row in rows
    ]
    total = sum((line.value for line in lines), ZERO)
    return explained("day_change", total, largest_first(lines, rest=SMALLER), "")
