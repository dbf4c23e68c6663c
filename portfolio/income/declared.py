"""Dividends that companies have declared and not yet paid, for the units held."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Q

from market.models import CorporateAction
from market.models.corporate_actions import ActionKind
from portfolio.bookkeeping.amounts import ZERO, product
from portfolio.bookkeeping.drafts import EntryKind
from portfolio.corporate_actions.bookings import (
    Booking,
    entry_fact,
    open_claims,
    standing_entries,
)
from portfolio.corporate_actions.due_actions import Due, units_before
from portfolio.models import Portfolio, Position
from portfolio.valuations.money_now import rate_of, rates_today


@dataclass(frozen=True, slots=True)
class DeclaredDividend:
    """A payment to come. ``amount`` is in ``currency``; ``value`` in the portfolio's.

    ``units`` are those held before the ex-date, or now where that is still to come, so the
    amount is what comes if nothing is bought or sold until then. ``value`` is at today's rate,
    None without one. ``pay_date`` is the ex-date where none is declared. What has accrued is in
    the books already, as a claim.
    """

    symbol: str
    name: str
    ex_date: date
    pay_date: date
    units: Decimal
    amount_per_share: Decimal
    currency: str
    amount: Decimal
    rate: Decimal | None  # today's, into the portfolio's currency
    value: Decimal | None
    source: str  # who told of it
    is_simulated: bool  # no company has declared it
    is_accrued: bool


def declared_dividends(portfolio: Portfolio, *, at: datetime) -> list[DeclaredDividend]:
    """Those to come after a moment, and those that are due still; by pay date.

    Eight queries at most.
    """
    held = list(
        Position.objects.filter(portfolio=portfolio).values_list("instrument_id", flat=True)
    )
    kinds = [kind for kind in ActionKind if kind.is_dividend]
    today, standing = at.date(), standing_entries(portfolio, held)
    accrued = open_claims(standing.ours)
    to_come = Q(pay_date__gte=today) | Q(pay_date=None, ex_date__gte=today) | Q(id__in=accrued)
    actions = (
        CorporateAction.objects.standing()
        .filter(instrument__in=held, kind__in=kinds)
        .filter(to_come)
        .select_related("instrument__exchange")
        .order_by("ex_date", "id")
    )
    dated = (Due(action, ZERO) for action in actions)
    # Nothing of before a reset is paid any more.
    listed = [one for one in dated if one.ex_at > portfolio.counts_from]
    if not listed:
        return []
    # What moved until now is what is held; units of the time to come cannot be booked.
    units = units_before(portfolio, listed)
    booked = {entry_fact(entry) for entry in standing.ours}
    rates = rates_today((one.action.currency, portfolio.currency) for one in listed)
    found = []
    for one, count in zip(listed, units, strict=True):
        due = Due(one.action, count)
        is_booked = Booking(EntryKind.DIVIDEND, due, due.booked_at).fact in booked
        if count <= 0 or is_booked or standing.reports_of(due):
            continue
        rate = rate_of(rates, one.action.currency, portfolio.currency)
        found.append(declared(due, rate, is_accrued=one.action.id in accrued))
    return sorted(found, key=lambda one: (one.pay_date, one.symbol))


def declared(due: Due, rate: Decimal | None, *, is_accrued: bool) -> DeclaredDividend:
    action = due.action
    return DeclaredDividend(
        symbol=action.instrument.symbol,
        name=action.instrument.name,
        ex_date=action.ex_date,
        pay_date=action.pay_date or action.ex_date,
        units=due.units,
        amount_per_share=action.amount_per_share or ZERO,
        currency=action.currency,
        amount=due.amount,
        rate=rate,
        value=None if rate is None else product(due.amount, rate),
        source=action.source,
        is_simulated=action.is_simulated,
        is_accrued=is_accrued,
    )
