"""Why income is what it is: payment by payment, and what is declared to come."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from accounts.templatetags.formats import money, price, quantity
from portfolio.bookkeeping.amounts import ZERO
from portfolio.explaining.explanations import (
    LINES_MAXIMUM,
    Explanation,
    Line,
    by_span,
    summing,
)
from portfolio.income.declared import DeclaredDividend, declared_dividends
from portfolio.income.received import Payment, ReceivedIncome, received_income
from portfolio.models import Portfolio
from portfolio.portfolios import total

DECLARED: Final = "declared_income"
ACCRUED: Final = "accrued_income"


def of_income(
    portfolio: Portfolio, figure: str, *, start: date | None, end: date | None, at: datetime
) -> Explanation:
    """One of ``INCOME_FIGURES``: over whole days, both ends included, or of what is to come.

    Raises:
        PeriodRefused: the period ends in the future, or before it starts.
    """
    if figure in OF_FORECASTS:
        return OF_FORECASTS[figure](declared_dividends(portfolio, at=at), portfolio.currency)
    found = received_income(portfolio, start=start, end=end, at=at)
    return replace(OF_PAYMENTS[figure](found, portfolio.currency), is_of_days=True)


def payment_name(one: Payment) -> str:
    what = f"{one.symbol} {one.kind}" if one.symbol else one.kind.capitalize()
    return f"{what}, {one.paid_on:%-d %b %Y}"


def by_payment(
    found: ReceivedIncome,
    amount_of: Callable[[Payment], Decimal],
    note_of: Callable[[Payment], str],
) -> list[Line]:
    """A line for each payment; for a day, a month or a year where that would be too many."""
    if len(found.payments) > LINES_MAXIMUM:
        return by_span((one.paid_on, amount_of(one)) for one in found.payments)
    return [Line(payment_name(one), amount_of(one), note=note_of(one)) for one in found.payments]


def gross(found: ReceivedIncome, currency: str) -> Explanation:
    def note_of(one: Payment) -> str:
        if one.currency == currency:
            return ""
        return f"{money(one.local_amount, one.currency)} at the rate booked"

    return summing(
        "gross_income",
        "Dividends and interest, before taxes",
        "What was paid within the time, before anything was withheld, at the rates booked. What "
        "was reversed was never paid.",
        by_payment(found, lambda one: one.amount, note_of),
        value=found.gross,
    )


def net(found: ReceivedIncome, currency: str) -> Explanation:
    def note_of(one: Payment) -> str:
        charges = {"taxes": one.taxes, "fees": one.fees}
        taken = [f" − {money(value, currency)} {name}" for name, value in charges.items() if value]
        return f"{money(one.amount, currency)}{''.join(taken)}" if taken else ""

    return summing(
        "net_income",
        "Dividends and interest, kept",
        "Of what was paid within the time: amount − taxes and fees withheld, at the rates booked.",
        by_payment(found, lambda one: one.net, note_of),
        value=found.net,
    )


def declared(forecast: list[DeclaredDividend], currency: str) -> Explanation:
    return summing(
        DECLARED,
        "Declared to come",
        "Of each dividend that is declared and not yet paid: units held before the ex-date, or now "
        "where that is to come × amount a share × today’s rate. Nothing is guessed from the past.",
        to_come(forecast, currency),
        value=total(one.value for one in forecast),
        reason="no_rate",
    )


def accrued(forecast: list[DeclaredDividend], currency: str) -> Explanation:
    found = [one for one in forecast if one.is_accrued]
    return summing(
        ACCRUED,
        "Accrued",
        "Of each dividend from its ex-date until it is paid: units held before the ex-date × "
        "amount a share × today’s rate. It counts as owned, and cannot be spent before it is paid.",
        to_come(found, currency),
        value=total(one.value for one in found),
        reason="no_rate",
    )


def to_come(forecast: list[DeclaredDividend], currency: str) -> list[Line]:
    """A line for each dividend; for a day, a month or a year where that would be too many."""
    if len(forecast) > LINES_MAXIMUM:
        return by_day(forecast)
    lines = []
    for one in forecast:
        note = f"{quantity(one.units)} × {price(one.amount_per_share)} {one.currency}"
        if one.currency != currency and one.rate is not None:
            note += f" × {quantity(one.rate)}"
        name = f"{one.symbol}, {one.pay_date:%-d %b %Y}"
        lines.append(Line(name, one.value or ZERO, note=note))
    return lines


def by_day(forecast: list[DeclaredDividend]) -> list[Line]:
    return by_span((one.pay_date, one.value or ZERO) for one in forecast)


OF_PAYMENTS: Final[dict[str, Callable[[ReceivedIncome, str], Explanation]]] = {
    "gross_income": gross,
    "net_income": net,
}
OF_FORECASTS: Final[dict[str, Callable[[list[DeclaredDividend], str], Explanation]]] = {
    DECLARED: declared,
    ACCRUED: accrued,
}
INCOME_FIGURES: Final = (*OF_PAYMENTS, *OF_FORECASTS)
