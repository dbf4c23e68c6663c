"""Splits and dividends of the market, booked for whoever held the units.

Booking is by comparison: what ought to stand is derived from the corporate actions and from what
was held, what does not stand any more is reversed, and what is missing is posted. So it may be
done at any time, again and again, and follows late activities and corrected actions.

A split is booked at the exchange's midnight that begins its ex-date, a dividend at that of its pay
date, for the units held before the ex-date; from the ex-date until it is paid it is a claim. What
the investor reported himself is not booked again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from accounts import audit
from accounts.errors import Problem
from market.models import CorporateAction
from market.models.corporate_actions import ActionKind
from portfolio.bookkeeping.book_locks import lock_books, was_reset_since
from portfolio.bookkeeping.drafts import EntryDraft, EntryKind
from portfolio.bookkeeping.lot_keeping import apply_trades, rebuild_pairs
from portfolio.corporate_actions.bookings import (
    OURS,
    Booking,
    bookings_of,
    entry_fact,
    standing_entries,
)
from portfolio.corporate_actions.due_actions import due_actions
from portfolio.ledger import post_entries
from portfolio.models import JournalEntry, Portfolio, PortfolioKind, Position
from portfolio.models.portfolios import BookedActions
from portfolio.recording.activity_drafts import draft_entry
from portfolio.recording.activity_rules import ActivityDraft
from portfolio.recording.booking_rates import money_of
from portfolio.recording.external_ids import base_of
from portfolio.recording.reversal_drafts import draft_reversal, postings_of


@transaction.atomic
def book_market_actions(
    portfolio: Portfolio,
    instrument_ids: Collection[int],
    *,
    at: datetime,
    is_chosen_anew: bool = False,
) -> int:
    """Book what ought to stand at a moment, and return how many entries that took.

    Args:
        is_chosen_anew: undo what booked itself and does not any more. Else that of kinds which do
            not book themselves is left alone: it came with a file, and is what the investor says.

    Raises:
        InsufficientUnits: a reverse split would leave a paper portfolio fewer units than its
            orders reserve.
    """
    kinds = booked_kinds(portfolio)
    standing = standing_entries(portfolio, instrument_ids)
    if not kinds and not standing.ours:
        return 0
    # Splits first: how many units a dividend is for depends on them.
    count = 0
    for is_split in (True, False):
        wanted = [kind for kind in kinds if kind.is_dividend is not is_split]
        if not wanted and not is_chosen_anew:
            continue
        due = due_actions(portfolio, instrument_ids, wanted, at=at)
        ought = [found for one in due for found in bookings_of(one, standing, at=at)]
        booked = [one for one in standing.ours if (one.kind == EntryKind.SPLIT) is is_split]
        count += settle(portfolio, ought, booked, at=at)
    return count


def booked_kinds(portfolio: Portfolio) -> list[ActionKind]:
    """Which actions book themselves: all in paper portfolios, what was chosen in tracked ones."""
    choice = portfolio.booked_actions
    if portfolio.kind == PortfolioKind.PAPER or choice == BookedActions.ALL:
        return list(ActionKind)
    return [ActionKind.SPLIT] if choice == BookedActions.SPLITS else []


def settle(
    portfolio: Portfolio, ought: Sequence[Booking], booked: Sequence[JournalEntry], *, at: datetime
) -> int:
    """Reverse what is booked and ought not to be as it is, and post what is not booked.

    Where a reset came first, nothing: the next run looks at what there is then.
    """
    wanted = {one.fact: one for one in ought}
    stale = [entry for entry in booked if entry_fact(entry) not in wanted]
    for entry in booked:
        wanted.pop(entry_fact(entry), None)
    postings = postings_of(stale) if stale else {}
    reversals = [draft_reversal(entry, postings[entry.id]) for entry in stale]
    drafts = [*reversals, *drafts_of(portfolio, list(wanted.values()))]
    if not drafts or was_reset_meanwhile(portfolio):
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


def was_reset_meanwhile(portfolio: Portfolio) -> bool:
    """Whether a reset took out what all this was worked out of; from here on none can."""
    if portfolio.kind == PortfolioKind.PAPER:
        lock_books(portfolio)
    return was_reset_since(portfolio)


def drafts_of(portfolio: Portfolio, wanted: Sequence[Booking]) -> list[EntryDraft]:
    """Entries of what is wanted; one whose money has no rate that day waits for it.

    A claim that could not be made has no end either. What comes to less than a posting can hold,
    of a speck that a sale left, is nothing.
    """
    places = next_places(portfolio, wanted)
    activities = [activity_of(one, place=places[one.lead]) for one in wanted]
    monies = money_of(activities, portfolio=portfolio)
    told = list(zip(wanted, activities, monies, strict=True))
    unmade = {
        one.due.action.id
        for one, _, money in told
        if one.kind == EntryKind.ACCRUAL and isinstance(money, Problem)
    }
    drafts = [
        draft_entry(portfolio, activity, money)
        for one, activity, money in told
        if not isinstance(money, Problem)
        and not (one.kind == EntryKind.ACCRUAL_PAID and one.due.action.id in unmade)
    ]
    return [
        one
        for one in drafts
        if one.kind == EntryKind.SPLIT or any(posting.amount for posting in one.postings)
    ]


def next_places(portfolio: Portfolio, wanted: Sequence[Booking]) -> Mapping[str, int]:
    """The first free end of the ids of each, by how they begin; what has others is reversed.

    They need not have been counted up here: a file brings one alone, whatever its end.
    """
    places: dict[str, int] = defaultdict(int)
    if not wanted:
        return places
    entries = JournalEntry.objects.filter(
        portfolio=portfolio,
        instrument__in={one.due.action.instrument_id for one in wanted},
        external_id__startswith=OURS,
    )
    for external_id in entries.values_list("external_id", flat=True):
        lead, _, place = base_of(external_id).rpartition(":")
        if place.isdecimal():
            places[f"{lead}:"] = max(places[f"{lead}:"], int(place) + 1)
    return places


def activity_of(booking: Booking, *, place: int) -> ActivityDraft:
    """``place`` makes the same name of two who book it at once, so that it counts once."""
    action, external_id = booking.due.action, f"{booking.lead}{place}"
    if action.is_split:
        return ActivityDraft(
            kind=booking.kind,
            occurred_at=booking.at,
            instrument=action.instrument,
            ratio_from=Decimal(action.ratio_from or 1),
            ratio_to=Decimal(action.ratio_to or 1),
            external_id=external_id,
            note=f"Split of {action.ex_date}",
        )
    return ActivityDraft(
        kind=booking.kind,
        occurred_at=booking.at,
        instrument=action.instrument,
        amount=booking.due.amount,
        currency=action.currency,
        external_id=external_id,
        note=f"Dividend of {action.ex_date}: {booking.due.units.normalize():f} units",
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
