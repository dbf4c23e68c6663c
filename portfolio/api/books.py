"""What happened to a portfolio: activities, and the journal behind them."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

from django.http.response import HttpResponseBase
from django.utils import timezone
from ninja import Query, Router
from ninja.responses import Status

from accounts.auth import Caller, KeyAuth
from accounts.cursors import BadCursor, Listing
from accounts.http import ApiRequest
from accounts.idempotency import idempotent
from accounts.schemas import FormatIn, PageIn
from accounts.table_answers import FILES_IN_OPENAPI, Format, table_response, wanted_format
from portfolio import activities
from portfolio.api.reach import find_portfolio
from portfolio.bookkeeping import journal
from portfolio.bookkeeping.journal import Keyset
from portfolio.bookkeeping.journal_table import journal_table
from portfolio.errors import ActivityNotFound, PortfolioNotFound
from portfolio.models import Portfolio
from portfolio.recording import reversals
from portfolio.recording.activity_names import names_of
from portfolio.recording.activity_rules import ActivityDraft
from portfolio.recording.schemas import (
    ActivitiesWanted,
    ActivityBatchIn,
    ActivityBatchOut,
    ActivityIn,
    ActivityList,
    ActivityOut,
    EntryList,
    EntryOut,
)

router: Final = Router(tags=["Bookkeeping"])


def unseal(listing: Listing, cursor: str | None) -> Keyset | None:
    """Raises:
    BadCursor: the cursor is not of this list.
    """
    if cursor is None:
        return None
    try:
        occurred_at, entry_id = listing.unseal(cursor)
        return datetime.fromisoformat(occurred_at), UUID(entry_id)
    except ValueError:
        raise BadCursor from None


def seal(listing: Listing, place: Keyset | None) -> str | None:
    return None if place is None else listing.seal(place)


@router.get(
    "/portfolios/{uuid:portfolio_id}/activities", response=ActivityList, auth=KeyAuth("read")
)
def list_activities(
    request: ApiRequest, portfolio_id: UUID, wanted: Query[ActivitiesWanted]
) -> ActivityList:
    """What happened, newest first: from `start` on and before `end`."""
    portfolio = find_portfolio(request.auth, portfolio_id)
    filters = {"start": wanted.start, "end": wanted.end}
    listing = Listing(request.auth, f"activities {portfolio.id}", filters)
    page = journal.activity_page(
        portfolio,
        start_at=wanted.start,
        end_at=wanted.end,
        before=unseal(listing, wanted.cursor),
        limit=wanted.limit,
    )
    items = [ActivityOut.from_row(row) for row in page.rows]
    return ActivityList(items=items, next_cursor=seal(listing, page.next_before))


@router.post(
    "/portfolios/{uuid:portfolio_id}/activities",
    response={201: ActivityOut},
    auth=KeyAuth("trade"),
)
@idempotent(required=True)
def record_activity(
    request: ApiRequest, portfolio_id: UUID, payload: ActivityIn
) -> Status[ActivityOut]:
    """Book something that happened. A paper portfolio takes deposits and withdrawals only."""
    portfolio, now = find_portfolio(request.auth, portfolio_id), timezone.now()
    (draft,) = drafts_of([payload], request.auth, now=now)
    entry = activities.record_activity(portfolio=portfolio, activity=draft, recorded_at=now)
    (row,) = journal.entry_rows([entry])
    return Status(201, ActivityOut.from_row(row))


@router.post(
    "/portfolios/{uuid:portfolio_id}/activities/batch",
    response={201: ActivityBatchOut},
    auth=KeyAuth("trade"),
)
@idempotent(required=True)
def record_activities(
    request: ApiRequest, portfolio_id: UUID, payload: ActivityBatchIn
) -> Status[ActivityBatchOut]:
    """Book up to 1,000 activities, all or none; what is wrong is named by the row, from 0."""
    portfolio, now = find_portfolio(request.auth, portfolio_id), timezone.now()
    drafts = drafts_of(payload.activities, request.auth, now=now, is_batch=True)
    entries = activities.record_activities(
        portfolio=portfolio, activities=drafts, recorded_at=now, is_batch=True
    )
    items = [ActivityOut.from_row(row) for row in journal.entry_rows(entries)]
    return Status(201, ActivityBatchOut(items=items))


def drafts_of(
    reported: Sequence[ActivityIn], caller: Caller, *, now: datetime, is_batch: bool = False
) -> list[ActivityDraft]:
    """Raises:
    ActivityRefused: some symbol or portfolio that is named is not there.
    """
    names = names_of(reported, find_portfolio=partial(find_portfolio, caller), is_batch=is_batch)
    return [one.to_draft(found, now=now) for one, found in zip(reported, names, strict=True)]


@router.post(
    "/activities/{uuid:activity_id}/reversal", response={201: EntryOut}, auth=KeyAuth("trade")
)
@idempotent(required=False)
def reverse_activity(request: ApiRequest, activity_id: UUID) -> Status[EntryOut]:
    """Undo an activity by an entry that posts the opposite; again, it is the same entry."""
    portfolio = portfolio_of(request, activity_id)
    entry = reversals.reverse_entry(
        portfolio=portfolio, entry_id=activity_id, reversed_at=timezone.now()
    )
    (row,) = journal.entry_rows([entry], with_postings=True)
    return Status(201, EntryOut.from_row(row))


def portfolio_of(request: ApiRequest, activity_id: UUID) -> Portfolio:
    """Raises:
    ActivityNotFound: there is no such activity, or none that the caller reaches.
    """
    found = reversals.portfolio_of(activity_id)
    try:
        return find_portfolio(request.auth, found)
    except PortfolioNotFound:
        # Else a stranger's activity would tell that it is there.
        raise ActivityNotFound(reversals.NO_ACTIVITY) from None


class JournalWanted(PageIn):
    format: FormatIn = None


@router.get(
    "/portfolios/{uuid:portfolio_id}/journal",
    response=EntryList,
    auth=KeyAuth("read"),
    openapi_extra=FILES_IN_OPENAPI,
)
def list_journal(
    request: ApiRequest, portfolio_id: UUID, page: Query[JournalWanted]
) -> EntryList | HttpResponseBase:
    """All entries with their postings, newest first.

    As a file (CSV, Parquet) the whole journal, a row for each posting, oldest first.
    """
    form = wanted_format(request, page.format)
    portfolio = find_portfolio(request.auth, portfolio_id)
    if form is not Format.JSON:
        return table_response(journal_table(portfolio), form)
    listing = Listing(request.auth, f"journal {portfolio.id}", {})
    found = journal.journal_page(portfolio, before=unseal(listing, page.cursor), limit=page.limit)
    items = [EntryOut.from_row(row) for row in found.rows]
    return EntryList(items=items, next_cursor=seal(listing, found.next_before))
