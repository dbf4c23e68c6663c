"""Splits and dividends of the market that took effect, with the units that were held for them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from accounts.utc_days import utc_midnight
from market import calendar
from market.models import CorporateAction
from market.models.corporate_actions import ActionKind
from portfolio.bookkeeping.amounts import ZERO, product
from portfolio.bookkeeping.bulk import columns_of, fetch_rows
from portfolio.models import Portfolio, PortfolioKind

ONE_DAY: Final = timedelta(days=1)

UNITS_AT: Final = """
SELECT w.place, coalesce(sum(p.amount), 0)
FROM unnest(%s::int[], %s::int[], %s::timestamptz[]) AS w (place, instrument_id, moment)
JOIN portfolio_ledgeraccount AS a ON a.portfolio_id = %s AND a.instrument_id = w.instrument_id
    AND a.kind IN ('settled', 'to_receive', 'to_deliver')
JOIN portfolio_posting AS p ON p.ledger_account_id = a.id
JOIN portfolio_journalentry AS e ON e.id = p.entry_id AND e.occurred_at < w.moment
GROUP BY w.place
"""


@dataclass(frozen=True, slots=True)
class Due:
    """One action of the market that a portfolio held units for. ``units`` > 0."""

    action: CorporateAction
    units: Decimal

    @property
    def ex_at(self) -> datetime:
        return midnight_of(self.action, self.action.ex_date)

    @property
    def accrues_at(self) -> datetime:
        """When a dividend becomes a claim: as the ex-date begins, at the exchange and in UTC.

        A portfolio's days are those of UTC, and the close of the one before still has the
        dividend in it; east of Greenwich the exchange's midnight lies in that day.
        """
        return max(self.ex_at, utc_midnight(self.action.ex_date))

    @property
    def booked_at(self) -> datetime:
        """When it takes effect: a split on its ex-date, a dividend on its pay date."""
        paid = self.action.pay_date or self.action.ex_date
        return self.ex_at if self.action.is_split else midnight_of(self.action, paid)

    @property
    def amount(self) -> Decimal:
        return product(self.units, self.action.amount_per_share or ZERO)


def midnight_of(action: CorporateAction, day: date) -> datetime:
    return calendar.local_midnight(day, action.instrument.exchange.timezone)


def due_actions(
    portfolio: Portfolio,
    instrument_ids: Collection[int],
    kinds: Collection[ActionKind],
    *,
    at: datetime,
) -> list[Due]:
    """Actions whose ex-date had begun by a moment, with the units that were held for them."""
    if not kinds:
        return []
    actions = (
        CorporateAction.objects.standing()
        .filter(instrument__in=list(instrument_ids), kind__in=list(kinds))
        .filter(ex_date__lte=(at + ONE_DAY).date())
        .select_related("instrument__exchange")
        .order_by("ex_date", "id")
    )
    dated = (Due(action, ZERO) for action in actions)
    listed = [one for one in dated if portfolio.counts_from < one.ex_at <= at]
    units = units_before(portfolio, listed)
    return [Due(one.action, held) for one, held in zip(listed, units, strict=True) if held > 0]


def units_before(portfolio: Portfolio, listed: Sequence[Due]) -> list[Decimal]:
    """Units held before each ex-date.

    Of a tracked portfolio those bought on the ex-date itself count for a dividend as well: what
    is reported has often a date and no time, and is then of the start of its day.
    """
    is_tracked = portfolio.kind == PortfolioKind.TRACKED
    moments: list[tuple[int, int, datetime]] = []
    for place, one in enumerate(listed):
        moments.append((place, one.action.instrument_id, one.ex_at))
        if is_tracked and not one.action.is_split:
            moments.append((-place - 1, one.action.instrument_id, one.ex_at + ONE_DAY))
    if not moments:
        return []
    parameters = [*columns_of(moments, width=3), portfolio.id]
    held: dict[int, Decimal] = {row[0]: row[1] for row in fetch_rows(UNITS_AT, parameters)}
    return [max(held.get(place, ZERO), held.get(-place - 1, ZERO)) for place in range(len(listed))]
