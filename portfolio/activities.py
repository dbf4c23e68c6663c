"""What an investor records as having happened: one operation for all kinds of activity."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Final
from uuid import UUID

from django.db import transaction

from accounts import audit
from accounts.errors import Problem
from portfolio.bookkeeping.amounts import ZERO
from portfolio.bookkeeping.book_locks import was_reset_since
from portfolio.bookkeeping.drafts import EntryDraft, EntryKind
from portfolio.bookkeeping.lot_keeping import begin_trades
from portfolio.corporate_actions.market_actions import book_market_actions
from portfolio.errors import ActivityRefused, InsufficientFunds
from portfolio.ledger import begin_posting
from portfolio.models import JournalEntry, LedgerBalance, Portfolio, PortfolioKind
from portfolio.recording.activity_drafts import (
    draft_counterparts,
    draft_entry,
    find_counterpart_problems,
)
from portfolio.recording.activity_rules import BEFORE_RESET, ActivityDraft, find_problems
from portfolio.recording.activity_shapes import find_shape_problems
from portfolio.recording.booking_rates import BookedMoney, money_of

# Of a batch, the event names this many.
ENTRY_IDS_NOTED: Final = 20


def record_activity(
    *, portfolio: Portfolio, activity: ActivityDraft, recorded_at: datetime
) -> JournalEntry:
    """Book one activity; see ``record_activities``."""
    entries = record_activities(portfolio=portfolio, activities=[activity], recorded_at=recorded_at)
    return entries[0]


@transaction.atomic
def record_activities(
    *,
    portfolio: Portfolio,
    activities: Sequence[ActivityDraft],
    recorded_at: datetime,
    is_batch: bool | None = None,
) -> list[JournalEntry]:
    """Book activities, all or none, and return their entries in the same order.

    An activity whose external id is known with the same content returns the entry it made.
    Paper portfolios take deposits and withdrawals; their trades come from orders. A sale of more
    than a tracked portfolio holds is booked, and what is missing is flagged, see ``UnitMove``.

    Raises:
        ActivityRefused: something is wrong with an activity; ``problems`` names each thing,
            its field led by the activity's index where there are several, or in a batch.
        EntryConflict: an external id is known with another content.
        InsufficientFunds: a paper portfolio has less settled, unreserved cash.
    """
    touched = Touched()
    ids = post_activities(
        portfolio=portfolio,
        activities=activities,
        recorded_at=recorded_at,
        touched=touched,
        is_batch=is_batch,
    )
    follow_activities(portfolio, touched, recorded_at=recorded_at)
    found = JournalEntry.objects.select_related("instrument").in_bulk(ids)
    return [found[entry_id] for entry_id in ids]


@dataclass(slots=True)
class Touched:
    """What new entries have changed, for that which follows once all of them are posted."""

    entry_ids: list[UUID] = field(default_factory=list)
    # By portfolio; one with no instruments had money moved alone.
    instruments: dict[UUID, set[int]] = field(default_factory=dict)

    def add(self, posted: Iterable[EntryDraft]) -> None:
        for draft in posted:
            self.entry_ids.append(draft.id)
            of_portfolio = self.instruments.setdefault(draft.portfolio_id, set())
            if draft.instrument_id is not None:
                of_portfolio.add(draft.instrument_id)


def post_activities(
    *,
    portfolio: Portfolio,
    activities: Sequence[ActivityDraft],
    recorded_at: datetime,
    touched: Touched,
    is_batch: bool | None = None,
) -> list[UUID]:
    """Do what ``record_activities`` does without what follows it, and return the entries' ids.

    Whoever posts many in several parts calls ``follow_activities`` once, after the last, in the
    same transaction. A failure ends that transaction.
    """
    if is_batch is None:
        is_batch = len(activities) > 1
    monies = money_of_all(activities, portfolio=portfolio, now=recorded_at, is_batch=is_batch)
    drafts = [
        draft_entry(portfolio, activity, money)
        for activity, money in zip(activities, monies, strict=True)
    ]
    entries = [*drafts, *draft_counterparts(portfolio, activities, drafts)]
    post = begin_posting(entries, recorded_at=recorded_at)
    apply = begin_trades(entries)
    posted = post()
    if posted.new and was_reset_since(portfolio):
        raise ActivityRefused([BEFORE_RESET])
    if portfolio.kind == PortfolioKind.PAPER:
        refuse_unsettled_withdrawal(portfolio, withdrawn=withdrawn_by(posted.new))
    apply(posted.new)
    touched.add(posted.new)
    return [posted.entry_id(draft) for draft in drafts]


def follow_activities(portfolio: Portfolio, touched: Touched, *, recorded_at: datetime) -> None:
    """Book the market's actions for what was held, have it valued, and note what was recorded."""
    if not touched.entry_ids:
        return
    book_actions_of(portfolio, touched, at=recorded_at)
    for portfolio_id in touched.instruments:
        transaction.on_commit(partial(request_valuations, portfolio_id), robust=True)
    note_activities(portfolio, touched.entry_ids, recorded_at=recorded_at)


def book_actions_of(portfolio: Portfolio, touched: Touched, *, at: datetime) -> None:
    """Splits and dividends of the market follow what was held, also by what is recorded late."""
    others = Portfolio.objects.in_bulk(touched.instruments.keys() - {portfolio.id})
    for portfolio_id, instrument_ids in touched.instruments.items():
        if instrument_ids:
            book_market_actions(others.get(portfolio_id, portfolio), instrument_ids, at=at)


def note_activities(portfolio: Portfolio, ids: list[UUID], *, recorded_at: datetime) -> None:
    """One event for all that came at once; what they were is in the journal."""
    audit.record(
        action="activity.recorded",
        owner_id=portfolio.owner_id,
        target="portfolio",
        target_id=str(portfolio.id),
        after={"entries": len(ids), "entry_ids": ids[:ENTRY_IDS_NOTED]},
        occurred_at=recorded_at,
    )


def money_of_all(
    activities: Sequence[ActivityDraft], *, portfolio: Portfolio, now: datetime, is_batch: bool
) -> list[BookedMoney]:
    """Raises:
    ActivityRefused: something is wrong with an activity.
    """
    found = list(find_all_problems(activities, portfolio=portfolio, now=now))
    # Rates are looked up by dates and currencies, which must make sense first.
    monies = [] if found else money_of(activities, portfolio=portfolio)
    found += [(index, one) for index, one in enumerate(monies) if isinstance(one, Problem)]
    if found:
        raise ActivityRefused([at_index(one, index, is_batch=is_batch) for index, one in found])
    return [one for one in monies if isinstance(one, BookedMoney)]


def at_index(problem: Problem, index: int, *, is_batch: bool) -> Problem:
    return replace(problem, field=f"{index}.{problem.field}") if is_batch else problem


def find_all_problems(
    activities: Sequence[ActivityDraft], *, portfolio: Portfolio, now: datetime
) -> Iterable[tuple[int, Problem]]:
    """Each problem with the index of its activity."""
    for index, activity in enumerate(activities):
        for problem in (
            *find_problems(activity, portfolio=portfolio, now=now),
            *find_shape_problems(activity),
            *find_counterpart_problems(activity, portfolio),
        ):
            yield index, problem


def withdrawn_by(posted: Iterable[EntryDraft]) -> Decimal:
    kind = EntryKind.WITHDRAWAL
    return sum((entry.amount or ZERO for entry in posted if entry.kind == kind), ZERO)


def refuse_unsettled_withdrawal(portfolio: Portfolio, *, withdrawn: Decimal) -> None:
    """Let only settled cash leave that is neither owed nor reserved. The balance is locked."""
    if not withdrawn:
        return
    balance = LedgerBalance.objects.get(
        portfolio=portfolio, currency=portfolio.currency, instrument=None
    )
    if balance.withdrawable < 0:
        raise InsufficientFunds(
            portfolio_id=portfolio.id,
            needed=withdrawn,
            available=balance.withdrawable + withdrawn,
            currency=portfolio.currency,
        )


def request_valuations(portfolio_id: UUID) -> None:
    """Have the valuations follow. The hourly refresh makes up for a lost message."""
    from portfolio.tasks import refresh_portfolio_valuations  # noqa: PLC0415 - tasks import us

    refresh_portfolio_valuations.delay(portfolio_id=str(portfolio_id))
