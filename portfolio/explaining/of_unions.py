"""Why the figures of several portfolios together are what they are: by portfolio, at which rate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from accounts.templatetags.formats import money, quantity
from portfolio.bookkeeping.amounts import ZERO
from portfolio.combined.holdings import CombinedHoldings, PortfolioPart, combined_holdings
from portfolio.explaining.explanations import (
    Explanation,
    Line,
    Part,
    in_order,
    percentage,
    summing,
)
from portfolio.explaining.of_money import FORMULAS, LABELS, LINES, SMALLER, driver_value, sign_of
from portfolio.explaining.of_returns import OF_RETURNS
from portfolio.models import Portfolio
from portfolio.returns.gains import Method
from portfolio.returns.performance import Performance
from portfolio.returns.periods import ONE_DAY
from portfolio.returns.union import measure_together
from portfolio.returns.union_parts import Part as UnionPart

BETWEEN: Final = "Cost of what went from one to another"
TODAY_PCT: Final = "day_change_pct"
# Of now, by the names of the combined holdings; how each portfolio comes to its own.
OF_NOW: Final = {
    "total_value": ("Net worth", "its cash + units × newest price × rate of each holding"),
    "cash": ("Cash", "its cash of all currencies"),
    "market_value": ("Worth of what is held", "units × newest price × rate of each holding"),
    "cost": ("Cost of what is held", "what is left of its lots, at what they cost"),
    "day_change": ("Today’s change", "what its holdings gained on the day of their quotes"),
}
AT_AN_END: Final = "At the rate of that day"
OF_DAYS: Final = "At the rates of its days"
RATES: Final = {
    "start_value": AT_AN_END,
    "end_value": AT_AN_END,
    "net_flows": OF_DAYS,
    "realised_gain": OF_DAYS,
    "unrealised_gain": "At the rate of the last day",
    "income": OF_DAYS,
    "fees": OF_DAYS,
    "taxes": OF_DAYS,
    "currency_effect": "And what rates did to all of this until the last day, as it counts",
}
UNION_FIGURES: Final = (*OF_NOW, TODAY_PCT, *LINES, *OF_RETURNS)


def of_union(
    portfolios: Sequence[Portfolio],
    figure: str,
    *,
    currency: str,
    start: date | None,
    end: date | None,
    method: Method | None,
    at: datetime,
) -> Explanation:
    """One of ``UNION_FIGURES``, of now or of whole days, in one currency.

    Raises:
        PeriodRefused: the period ends in the future, or before it starts.
    """
    if figure in OF_NOW or figure == TODAY_PCT:
        found = combined_holdings(portfolios, currency=currency, at=at)
        return in_percent(found) if figure == TODAY_PCT else of_now(found, figure)
    measured = measure_together(
        portfolios, currency=currency, start=start, end=end, method=method, at=at
    )
    if figure in OF_RETURNS:
        return replace(OF_RETURNS[figure](measured), is_of_days=True)
    return replace(of_driver(measured, figure), is_of_days=True)


def of_now(found: CombinedHoldings, figure: str) -> Explanation:
    label, each = OF_NOW[figure]
    return summing(
        figure,
        f"{label} of {len(found.portfolios)} together",
        f"Of each portfolio: {each}; × today’s rate into {found.currency}.",
        lines_of(found, figure),
        value=getattr(found, figure),
        reason=reason_of(found, figure),
    )


def reason_of(found: CombinedHoldings, figure: str) -> str:
    """A rate is missing where a portfolio knows its own figure, or the rate of its cash."""
    for part in found.portfolios:
        if getattr(part, figure) is None:
            is_known = getattr(part.own, figure) is not None
            return "no_rate" if is_known or part.own.cash is None else "no_price"
    return ""


def lines_of(found: CombinedHoldings, figure: str) -> list[Line]:
    lines = [line_of(part, figure, found.currency) for part in found.portfolios]
    return in_order(lines, rest=SMALLER)


def line_of(part: PortfolioPart, figure: str, currency: str) -> Line:
    own: Decimal | None = getattr(part.own, figure)
    value: Decimal | None = getattr(part, figure)
    note = ""
    if own is not None and part.rate is not None and part.portfolio.currency != currency:
        note = f"{money(own, part.portfolio.currency)} × {quantity(part.rate)}"
    return Line(part.portfolio.name, value or ZERO, note=note)


def in_percent(found: CombinedHoldings) -> Explanation:
    change = lines_of(found, "day_change")
    before = [
        Line("Net worth", found.total_value or ZERO),
        Line("Today’s change", -(found.day_change or ZERO)),
    ]
    lacking = "day_change" if found.day_change is None else "total_value"
    return percentage(
        TODAY_PCT,
        f"Today’s change of {len(found.portfolios)} together, in percent",
        "Today’s change ÷ net worth before it.",
        [Part("Today’s change", change), Part("Net worth before it", before)],
        value=found.day_change_pct,
        reason=reason_of(found, lacking) or "no_capital",
    )


def of_driver(found: Performance, figure: str) -> Explanation:
    """One term of the identity over a period, by portfolio."""
    value, reason = driver_value(found, figure)
    lines = [] if value is None else [driver_line(part, figure, found) for part in found.parts]
    between = (value or ZERO) - sum((line.value for line in lines), ZERO)
    if figure == "currency_effect" and between:
        lines.append(Line(BETWEEN, between))
    return summing(
        figure,
        f"{LABELS[figure]}, of {len(found.parts)} together",
        f"Of each portfolio, without what went from one to another: {FORMULAS[figure]} "
        f"{RATES[figure]} into {found.currency}.",
        in_order(lines, rest=SMALLER),
        value=value,
        reason=reason,
    )


def driver_line(part: UnionPart, figure: str, found: Performance) -> Line:
    sign = sign_of(figure)
    own, value = own_and_common(part, figure, found)
    note = ""
    if own is not None and not part.rates.is_same_currency:
        note = noted(part, figure, sign * own, found)
    return Line(part.portfolio.name, sign * (value or ZERO), note=note)


def own_and_common(
    part: UnionPart, figure: str, found: Performance
) -> tuple[Decimal | None, Decimal | None]:
    """A figure of one portfolio, in its own currency and in the union's."""
    if part.drivers is not None and part.driven.drivers is not None:
        return getattr(part.driven.drivers, figure), getattr(part.drivers, figure)
    # Only the worth at an end is told where what happened between is not known.
    day = found.end if figure == "end_value" else found.start - ONE_DAY
    own = part.facts.worth_on(day).total
    return own, part.rates.convert(own, day)


def noted(part: UnionPart, figure: str, own: Decimal, found: Performance) -> str:
    amount = money(own, part.portfolio.currency)
    days = {
        "start_value": found.start - ONE_DAY,
        "end_value": found.end,
        "unrealised_gain": found.end,
    }
    if figure == "currency_effect":
        return f"{amount} of it within the portfolio"
    rate = part.rates.on(days[figure]) if figure in days else None
    return f"{amount} at the rates of its days" if rate is None else f"{amount} × {quantity(rate)}"
