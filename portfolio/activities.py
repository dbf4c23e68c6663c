"""What an investor records as having happened: one operation for all kinds of activity."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Final
from uuid import UUID

from django.db import transaction

from accounts import audit
from accounts.errors import Problem
from accounts.identifiers import new_id
from portfolio.activity_rules import ActivityDraft, find_problems
from portfolio.amounts import EXACT, ZERO
from portfolio.bookkeeping import apply_trades
from portfolio.entries import (
    EntryDraft,
    EntryKind,
    charge_entry,
    deposit_entry,
    income_entry,
    trade_entry,
    withdrawal_entry,
)
from portfolio.errors import ActivityRefused, InsufficientFunds
from portfolio.ledger import post_entries
from portfolio.models import JournalEntry, LedgerBalance, Portfolio, PortfolioKind

PRICE_PLACES: Final = Decimal("1E-8")
# Of a batch, the event names this many.
ENTRY_IDS_NOTED: Final = 20
CASH_ENTRIES: Final = {
    EntryKind.DEPOSIT: deposit_entry,
    EntryKind.WITHDRAWAL: withdrawal_entry,
}


def record_activity(
    *, portfolio: Portfolio, activity: ActivityDraft, recorded_at: datetime
) -> JournalEntry:
    """Book one activity; see ``record_activities``."""
    entries = record_activities(portfolio=portfolio, activities=[activity], recorded_at=recorded_at)
    return entries[0]


@transaction.atomic
def record_activities(
    *, portfolio: Portfolio, activities: Sequence[ActivityDraft], recorded_at: datetime
) -> list[JournalEntry]:
    """Book activities, all or none, and return their entries in the same order.

    An activity whose external id is known with the same content returns the entry it made.
    Paper portfolios take deposits and withdrawals; their trades come from orders.

    Raises:
        ActivityRefused: something is wrong with an activity; ``problems`` names each thing,
            its field led by the activity's index where there are several.
        EntryConflict: an external id is known with another content.
        InsufficientFunds: a paper portfolio has less settled, unreserved cash.
        InsufficientUnits: a sale exceeds what was held at its time.
    """
    if problems := list(find_all_problems(activities, portfolio=portfolio, now=recorded_at)):
        raise ActivityRefused(problems)
    drafts = [draft_entry(portfolio, activity) for activity in activities]
    posted = post_entries(drafts, recorded_at=recorded_at)
    if portfolio.kind == PortfolioKind.PAPER:
        refuse_unsettled_withdrawal(portfolio, withdrawn=withdrawn_by(posted.new))
    apply_trades(posted.new)
    if posted.new:
        transaction.on_commit(partial(request_valuations, portfolio.id), robust=True)
        note_activities(portfolio, [draft.id for draft in posted.new], recorded_at=recorded_at)
    ids = [posted.entry_id(draft) for draft in drafts]
    found = JournalEntry.objects.select_related("instrument").in_bulk(ids)
    return [found[entry_id] for entry_id in ids]


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


def find_all_problems(
    activities: Sequence[ActivityDraft], *, portfolio: Portfolio, now: datetime
) -> Iterable[Problem]:
    for index, activity in enumerate(activities):
        for problem in find_problems(activity, portfolio=portfolio, now=now):
            field = problem.field if len(activities) == 1 else f"{index}.{problem.field}"
            yield replace(problem, field=field)


def draft_entry(portfolio: Portfolio, activity: ActivityDraft) -> EntryDraft:
    """The journal entry of an activity that has no problems."""
    entry_id = new_id()
    kind = EntryKind(activity.kind)
    external_id = activity.external_id or f"activity:{entry_id}"
    amount = activity.amount or ZERO
    if activity.is_trade:
        return draft_trade(portfolio, activity, entry_id=entry_id, external_id=external_id)
    if kind in (EntryKind.DIVIDEND, EntryKind.INTEREST):
        return income_entry(
            entry_id=entry_id,
            portfolio_id=portfolio.id,
            kind=kind,
            external_id=external_id,
            occurred_at=activity.occurred_at,
            currency=portfolio.currency,
            amount=amount,
            fees=activity.fees,
            taxes=activity.taxes,
            instrument_id=activity.instrument.id if activity.instrument else None,
            note=activity.note,
        )
    draft = CASH_ENTRIES.get(kind) or partial(charge_entry, kind=kind)
    return draft(
        entry_id=entry_id,
        portfolio_id=portfolio.id,
        external_id=external_id,
        occurred_at=activity.occurred_at,
        currency=portfolio.currency,
        amount=amount,
        note=activity.note,
    )


def draft_trade(
    portfolio: Portfolio, activity: ActivityDraft, *, entry_id: UUID, external_id: str
) -> EntryDraft:
    if activity.instrument is None or activity.quantity is None:
        raise ValueError("a trade was drafted before its problems were looked for")
    unit_price = activity.unit_price
    if unit_price is None:
        exact = EXACT.divide(activity.amount or ZERO, activity.quantity)
        unit_price = exact.quantize(PRICE_PLACES, context=EXACT)
    return trade_entry(
        entry_id=entry_id,
        portfolio_id=portfolio.id,
        kind=EntryKind(activity.kind),
        external_id=external_id,
        occurred_at=activity.occurred_at,
        currency=portfolio.currency,
        instrument_id=activity.instrument.id,
        quantity=activity.quantity,
        unit_price=unit_price,
        amount=activity.amount,
        fees=activity.fees,
        taxes=activity.taxes,
        is_settled=True,
        note=activity.note,
    )


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
