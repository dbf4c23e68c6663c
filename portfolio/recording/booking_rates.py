"""In which money an activity is booked: which cash moves, and at which rates it counts.

A rate that the activity names is booked: its cash is the portfolio's, and the day's rate is not
asked. Without one, cash moves in the activity's own currency (pennies as pounds), and the rate
of its day is kept with the entry, so that later corrections of rates change nothing booked.

Units that go from one portfolio to another have no money, but their lots have a cost, in the
currency of the portfolio that gives them. Where the two have different ones, whichever side is
recorded second keeps the day's rate: it is settled in the currency of the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date
from decimal import Decimal
from typing import Final

from accounts.errors import Problem
from market.currencies.cross_rates import ExchangeRate, Gap
from market.currencies.currency_units import major_of, units_per_major
from market.currencies.exchange_rates import Wanted, exchange_rates
from portfolio.bookkeeping.amounts import EXACT
from portfolio.bookkeeping.drafts import EntryKind
from portfolio.models import Portfolio
from portfolio.recording.activity_rules import ActivityDraft
from portfolio.recording.other_sides import currencies_of_other_sides

ONE: Final = Decimal(1)
PLACES: Final = Decimal("1E-14")  # of stored rates

Rates = dict[Wanted, ExchangeRate | Gap]


@dataclass(frozen=True, slots=True, kw_only=True)
class BookedMoney:
    """The money of one activity; rates are those of ``JournalEntry``."""

    currency: str
    settled_currency: str
    exchange_rate: Decimal | None
    base_rate: Decimal
    local_rate: Decimal


def money_of(
    activities: Sequence[ActivityDraft], *, portfolio: Portfolio
) -> list[BookedMoney | Problem]:
    """How each activity's money is booked, or what hinders it; three queries at most."""
    others = currencies_of_other_sides(activities, portfolio)
    wanted = [pair for one in activities for pair in wanted_rates(one, portfolio)]
    wanted += [
        (other, portfolio.currency, day_of(activities[index]))
        for index, other in others.items()
        if other != portfolio.currency
    ]
    rates = exchange_rates(wanted) if wanted else {}
    booked = [book(one, portfolio, rates) for one in activities]
    for index, other in others.items():
        booked[index] = settled_in(other, booked[index], activities[index], portfolio, rates)
    return booked


def settled_in(
    other: str,
    booked: BookedMoney | Problem,
    activity: ActivityDraft,
    portfolio: Portfolio,
    rates: Rates,
) -> BookedMoney | Problem:
    """The same, in the currency of the portfolio on the other side of a transfer of units."""
    if isinstance(booked, Problem) or other == portfolio.currency:
        return booked
    base_rate = find_rate(other, portfolio.currency, day_of(activity), rates)
    if isinstance(base_rate, Gap):
        message = (
            f"the other side is in {other}, and there is no rate from it to {portfolio.currency}"
            f" on {day_of(activity)}"
        )
        return Problem("occurred_at", base_rate.value, message)
    return replace(booked, settled_currency=other, base_rate=base_rate)


def currency_of(activity: ActivityDraft, portfolio: Portfolio) -> str:
    """What it says; else that of the instrument; else the portfolio's.

    Units that bring their lots from another portfolio have their cost in that one's.
    """
    if activity.brings_lots:
        return (activity.counterpart or portfolio).currency
    if activity.currency:
        return activity.currency
    return activity.instrument.currency if activity.instrument else portfolio.currency


def wanted_rates(activity: ActivityDraft, portfolio: Portfolio) -> list[Wanted]:
    currency, on_date = currency_of(activity, portfolio), day_of(activity)
    wanted = []
    if activity.exchange_rate is None and major_of(currency) != portfolio.currency:
        wanted.append((major_of(currency), portfolio.currency, on_date))
    instrument = activity.instrument
    if instrument and has_local_money(activity) and instrument.currency != currency:
        wanted.append((currency, instrument.currency, on_date))
    return wanted


def has_local_money(activity: ActivityDraft) -> bool:
    """Whether its money is the cost or the proceeds of units, told in their currency as well."""
    is_free = activity.kind in (EntryKind.SPLIT, EntryKind.SPIN_OFF, EntryKind.TRANSFER_OUT)
    return activity.is_of_units and not is_free and not activity.brings_lots


def day_of(activity: ActivityDraft) -> date:
    return activity.occurred_at.astimezone(UTC).date()


def book(activity: ActivityDraft, portfolio: Portfolio, rates: Rates) -> BookedMoney | Problem:
    """Which currency it is booked in and at which rates; a problem where a rate is missing."""
    currency, on_date = currency_of(activity, portfolio), day_of(activity)
    is_booked = activity.exchange_rate is not None and currency != portfolio.currency
    settled = portfolio.currency if is_booked else major_of(currency)
    base_rate = find_rate(settled, portfolio.currency, on_date, rates)
    if isinstance(base_rate, Gap):
        message = (
            f"there is no rate from {settled} to {portfolio.currency} on {on_date};"
            " give the exchange_rate that was booked"
        )
        return Problem("exchange_rate", base_rate.value, message)
    local_rate = find_local_rate(activity, portfolio, currency, rates)
    if isinstance(local_rate, Gap):
        message = f"there is no rate from {currency} to the instrument's currency on {on_date}"
        return Problem("currency", local_rate.value, message)
    return BookedMoney(
        currency=currency,
        settled_currency="" if settled == currency else settled,
        exchange_rate=activity.exchange_rate if is_booked else None,
        base_rate=base_rate,
        local_rate=local_rate,
    )


def find_rate(base: str, quote: str, on_date: date, rates: Rates) -> Decimal | Gap:
    if base == quote:
        return ONE
    found = rates[base, quote, on_date]
    return found if isinstance(found, Gap) else rounded(found.rate)


def find_local_rate(
    activity: ActivityDraft, portfolio: Portfolio, currency: str, rates: Rates
) -> Decimal | Gap:
    """What one of the activity's currency is in the instrument's."""
    instrument, booked = activity.instrument, activity.exchange_rate
    if instrument is None or instrument.currency == currency or not has_local_money(activity):
        return ONE
    if booked is not None and major_of(instrument.currency) == portfolio.currency:
        return rounded(EXACT.multiply(booked, units_per_major(instrument.currency)))
    return find_rate(currency, instrument.currency, day_of(activity), rates)


def rounded(rate: Decimal) -> Decimal:
    return rate.quantize(PLACES, context=EXACT)
