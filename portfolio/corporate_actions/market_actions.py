"""Splits and dividends of the market, booked for whoever held the units.

Booking is by comparison: what ought to stand is derived from the corporate actions and from what
was held, what does not stand any more is reversed, and what is missing is posted. So it may be
done at any time, again and again, and follows late activities and corrected actions.

A split is booked at the exchange's midnight that begins its ex-date, a dividend at that of its pay
date, for the units held before the ex-date. What the investor reported himself is not booked again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import transaction

from accounts import audit
from accounts.errors import Problem
from market import calendar
from market.models import CorporateAction
from market.models.corporate_actions import ActionKind
from portfolio.bookkeeping.amounts import ZERO, product
from portfolio.bookkeeping.bulk import columns_of, fetch_rows
from portfolio.bookkeeping.drafts import EntryDraft, EntryKind
from portfolio.bookkeeping.lot_keeping import apply_trades, rebuild_pairs
from portfolio.ledger import post_entries
from portfolio.models import JournalEntry, Portfolio, PortfolioKind, Position
from portfolio.models.portfolios import BookedActions
from portfolio.recording.activity_drafts import draft_entry
from portfolio.recording.activity_rules import ActivityDraft
from portfolio.recording.booking_rates import money_of
from portfolio.recording.reversal_drafts import draft_reversal

OURS: Final = "market:"  # what begins the external ids of these entries
ONE_DAY: Final = timedelta(days=1)
# A dividend that is reported this long after its pay date is still that one.
REPORTED_WITHIN: Final = timedelta(days=30)

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
    def booked_at(self) -> datetime:
        """When it takes effect: a split on its ex-date, a dividend on its pay date."""
        paid = self.action.pay_date or self.action.ex_date
        return self.ex_at if self.action.is_split else midnight_of(self.action, paid)

    @property
    def amount(self) -> Decimal:
        return product(self.units, self.action.amount_per_share or ZERO)


@transaction.atomic
def book_market_actions(
    portfolio: Portfolio, instrument_ids: Collection[int], *, at: datetime
) -> int:
    """Book what ought to stand at a moment, and return how many entries that took.

    Raises:
        InsufficientUnits: a reverse split would leave a paper portfolio fewer units than its
            orders reserve.
    """
    kinds = booked_kinds(portfolio)
    booked = standing_entries(portfolio, instrument_ids, is_ours=True)
    if not kinds and not booked:
        return 0
    reported = standing_entries(portfolio, instrument_ids, is_ours=False)
    # Splits first: how many units a dividend is for depends on them.
    count = 0
    for is_split in (True, False):
        wanted = [kind for kind in kinds if kind.is_dividend is not is_split]
        found = due_actions(portfolio, instrument_ids, wanted, at=at)
        due = [one for one in found if not is_reported(one, reported)]
        old = [one for one in booked if (one.kind == EntryKind.SPLIT) is is_split]
        count += settle(portfolio, due, old, at=at)
    return count


def booked_kinds(portfolio: Portfolio) -> list[ActionKind]:
    """Which actions book themselves: all in paper portfolios, what was chosen in tracked ones."""
    choice = portfolio.booked_actions
    if portfolio.kind == PortfolioKind.PAPER or choice == BookedActions.ALL:
        return list(ActionKind)
    return [ActionKind.SPLIT] if choice == BookedActions.SPLITS else []


def standing_entries(
    portfolio: Portfolio, instrument_ids: Collection[int], *, is_ours: bool
) -> list[JournalEntry]:
    """Splits and dividends that nobody reversed."""
    entries = JournalEntry.objects.filter(
        portfolio=portfolio,
        instrument__in=list(instrument_ids),
        kind__in=[EntryKind.SPLIT, EntryKind.DIVIDEND],
        reversed_by=None,
        occurred_at__gt=portfolio.counts_from,  # a reset took out what was made of earlier ones
    )
    ours = {"external_id__startswith": OURS}
    found = entries.filter(**ours) if is_ours else entries.exclude(**ours)
    return list(found.order_by("occurred_at", "id"))


def due_actions(
    portfolio: Portfolio,
    instrument_ids: Collection[int],
    kinds: Collection[ActionKind],
    *,
    at: datetime,
) -> list[Due]:
    """Actions that took effect by a moment, with the units that were held for them."""
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
    begin = portfolio.counts_from
    listed = [one for one in dated if one.booked_at <= at and one.ex_at > begin]
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


def midnight_of(action: CorporateAction, day: date) -> datetime:
    return calendar.local_midnight(day, action.instrument.exchange.timezone)


def is_reported(due: Due, reported: Iterable[JournalEntry]) -> bool:
    """Whether the investor recorded it himself: about that day, of the same instrument."""
    kind = EntryKind.SPLIT if due.action.is_split else EntryKind.DIVIDEND
    until = due.booked_at + (2 * ONE_DAY if due.action.is_split else REPORTED_WITHIN)
    return any(
        entry.kind == kind
        and entry.instrument_id == due.action.instrument_id
        and due.ex_at - ONE_DAY <= entry.occurred_at <= until
        for entry in reported
    )


def settle(
    portfolio: Portfolio, due: Sequence[Due], booked: Sequence[JournalEntry], *, at: datetime
) -> int:
    """Reverse what is booked and not due as it is, and post what is due and not booked."""
    wanted = {fact_of(one): one for one in due}
    stale = [entry for entry in booked if entry_fact(entry) not in wanted]
    for entry in booked:
        wanted.pop(entry_fact(entry), None)
    reversals = [draft_reversal(entry) for entry in stale]
    drafts = [*reversals, *drafts_of(portfolio, list(wanted.values()))]
    if not drafts:
        return 0
    posted = post_entries(drafts, recorded_at=at)
    apply_trades(posted.new)
    rebuild_pairs(
        (portfolio.id, entry.instrument_id)
        for entry in stale
        if entry.kind == EntryKind.SPLIT and entry.instrument_id is not None
    )
    audit.record(
        action="portfolio.actions_booked",
        owner_id=portfolio.owner_id,
        target="portfolio",
        target_id=str(portfolio.id),
        after={"booked": len(posted.new) - len(reversals), "reversed": len(reversals)},
        occurred_at=at,
    )
    return len(posted.new)


def fact_of(due: Due) -> tuple[object, ...]:
    """What the entry says; another fact is another entry."""
    action = due.action
    if action.is_split:
        ratio = (Decimal(action.ratio_from or 1), Decimal(action.ratio_to or 1))
        return (action.instrument_id, due.booked_at, *ratio)
    return (action.instrument_id, due.booked_at, due.amount, action.currency, action.ex_date)


def entry_fact(entry: JournalEntry) -> tuple[object, ...]:
    if entry.kind == EntryKind.SPLIT:
        return (entry.instrument_id, entry.occurred_at, entry.ratio_from, entry.ratio_to)
    ex_date = datetime.fromisoformat(entry.external_id.split(":")[2]).date()
    return (entry.instrument_id, entry.occurred_at, entry.amount, entry.currency, ex_date)


def drafts_of(portfolio: Portfolio, due: Sequence[Due]) -> list[EntryDraft]:
    """Entries of what is due; one whose money has no rate that day waits for it."""
    earlier = earlier_bookings(portfolio, due)
    activities = [activity_of(one, place=earlier.get(one.action.id, 0)) for one in due]
    monies = money_of(activities, portfolio=portfolio)
    return [
        draft_entry(portfolio, activity, money)
        for activity, money in zip(activities, monies, strict=True)
        if not isinstance(money, Problem)
    ]


def earlier_bookings(portfolio: Portfolio, due: Sequence[Due]) -> dict[UUID, int]:
    """How often each action was booked before; all of those are reversed."""
    counts = {}
    for one in due:
        found = JournalEntry.objects.filter(
            portfolio=portfolio, external_id__startswith=lead_of(one.action)
        )
        counts[one.action.id] = found.count()
    return counts


def lead_of(action: CorporateAction) -> str:
    return f"{OURS}{action.kind}:{action.ex_date}:{action.id}:"


def activity_of(due: Due, *, place: int) -> ActivityDraft:
    """``place`` makes the same name of two who book it at once, so that it counts once."""
    action = due.action
    external_id = f"{lead_of(action)}{place}"
    if action.is_split:
        return ActivityDraft(
            kind=EntryKind.SPLIT,
            occurred_at=due.booked_at,
            instrument=action.instrument,
            ratio_from=Decimal(action.ratio_from or 1),
            ratio_to=Decimal(action.ratio_to or 1),
            external_id=external_id,
            note=f"Split of {action.ex_date}",
        )
    return ActivityDraft(
        kind=EntryKind.DIVIDEND,
        occurred_at=due.booked_at,
        instrument=action.instrument,
        amount=due.amount,
        currency=action.currency,
        external_id=external_id,
        note=f"Dividend of {action.ex_date}: {due.units.normalize():f} units",
    )


def portfolios_holding(instrument_ids: Collection[int]) -> list[UUID]:
    """Portfolios in use that ever had one of the instruments."""
    found = Portfolio.objects.filter(
        archived_at=None, positions__instrument__in=list(instrument_ids)
    )
    return list(found.order_by("id").distinct().values_list("id", flat=True))


def instruments_with_actions() -> list[int]:
    """Instruments that somebody had and that have dividends or splits."""
    return list(
        CorporateAction.objects.filter(instrument__in=Position.objects.values("instrument"))
        .order_by("instrument_id")
        .distinct()
        .values_list("instrument_id", flat=True)
    )
