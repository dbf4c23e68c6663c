"""Dividends that the companies of the simulated exchange declare.

Where nobody has told of a dividend for a year, those of the last year that is known go on, as the
prices do. Only what is still to come is declared: nothing is paid for the past.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from django.db import transaction

from integrations.simulated.exchange import SOURCE
from market import calendar
from market.corporate_actions.action_intake import ActionIntake
from market.corporate_actions.actions import lock_actions, today_of
from market.corporate_actions.facts import AMOUNT_PLACES, ActionFacts
from market.corporate_actions.recurrence import YEAR, Paid, continued
from market.corporate_actions.split_factors import factor_between, splits_of
from market.models import CorporateAction, Instrument
from market.models.corporate_actions import ActionKind

AHEAD: Final = timedelta(weeks=13)  # so that who pays each quarter has one to come
PAID_AFTER: Final = timedelta(days=21)  # from the ex-date
CLOSED_AT_MOST: Final = timedelta(days=7)


@transaction.atomic
def declare_dividends(instruments: Iterable[Instrument], *, now: datetime) -> int:
    """Record the dividends of the next thirteen weeks; repeated, nothing. Returns how many.

    A day of which somebody recorded or cancelled a dividend is left as it is.
    """
    wanted = {instrument.id: instrument for instrument in instruments}
    lock_actions()
    told = told_dividends(wanted, now=now)
    recorded = CorporateAction.objects.filter(instrument__in=list(wanted), ex_date__gt=now.date())
    taken = set(recorded.exclude(kind=ActionKind.SPLIT).values_list("instrument_id", "ex_date"))
    intake = ActionIntake({}, source=SOURCE, at=now)
    for key, known in told.items():
        instrument = wanted[key]
        for ex_date, amount in to_come(known, instrument, today=today_of(instrument, at=now)):
            if (key, ex_date) not in taken:
                # A holiday may put two on one session, and a day has one.
                taken.add((key, ex_date))
                intake.take(instrument, dividend(instrument, ex_date, amount))
    intake.save()
    return len(intake.added)


def told_dividends(
    instruments: Mapping[int, Instrument], *, now: datetime
) -> dict[int, list[Paid]]:
    """What others than the simulator told, per share of now, ascending; by instrument."""
    rows = (
        CorporateAction.objects.standing()
        .filter(instrument__in=list(instruments), kind=ActionKind.DIVIDEND)
        .exclude(source=SOURCE)
        .order_by("ex_date", "id")
        .values_list("instrument_id", "ex_date", "amount_per_share", "currency")
    )
    told: defaultdict[int, list[Paid]] = defaultdict(list)
    splits = splits_of(list(instruments), since=date.min)
    for key, ex_date, amount, currency in rows:
        instrument = instruments[key]
        if amount is None or currency != instrument.currency:
            continue
        ex_at = calendar.local_midnight(ex_date, instrument.exchange.timezone)
        factor = factor_between(splits.get(key, ()), after=ex_at, until=now, is_as_traded=True)
        told[key].append((ex_date, round(amount * factor, AMOUNT_PLACES)))
    return dict(told)


def to_come(known: list[Paid], instrument: Instrument, *, today: date) -> list[Paid]:
    """Ex-dates after today, each a session; none of who was told of within a year."""
    if known[-1][0] > today - YEAR:
        return []
    last_day = today + AHEAD
    found = []
    for day, amount in continued(known, through=last_day):
        if today < day <= last_day and amount > 0:
            found.append((first_session(instrument, since=day), amount))
    return found


def first_session(instrument: Instrument, *, since: date) -> date:
    """The first session from a day on; that day where none is known."""
    sessions = calendar.sessions_between(since, since + CLOSED_AT_MOST, instrument.exchange_id)
    return sessions[0].session_date if sessions else since


def dividend(instrument: Instrument, ex_date: date, amount: Decimal) -> ActionFacts:
    return ActionFacts(
        kind=ActionKind.DIVIDEND,
        ex_date=ex_date,
        pay_date=ex_date + PAID_AFTER,
        amount_per_share=amount,
        currency=instrument.currency,
    )
