"""What happened to a portfolio: activities, and the journal behind them."""

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

from django.db.models import QuerySet
from django.http.response import HttpResponseBase
from django.utils import timezone
from ninja import Query, Router
from ninja.responses import Status

from accounts.auth import Caller, KeyAuth
from accounts.cursors import Listing, Page
from accounts.errors import Problem, ProblemsError
from accounts.http import ApiRequest
from accounts.idempotency import idempotent
from accounts.table_answers import FILES_IN_OPENAPI, Format, table_response, wanted_format
from market.queries import matches_of
from portfolio import activities
from portfolio.api.reach import find_portfolio
from portfolio.bookkeeping import journal
from portfolio.bookkeeping.activity_table import activity_table
from portfolio.bookkeeping.drafts import EntryKind
from portfolio.bookkeeping.entry_search import EntrySearch
from portfolio.bookkeeping.journal_table import journal_table
from portfolio.errors import ActivityNotFound, PortfolioNotFound
from portfolio.models import JournalEntry, Portfolio
from portfolio.recording import reversals
from portfolio.recording.activity_names import find_instrument, names_of
from portfolio.recording.activity_rules import ActivityDraft
from portfolio.recording.schemas import (
    ActivityBatchIn,
    ActivityBatchOut,
    ActivityIn,
    ActivityList,
    ActivityOut,
    EntriesWanted,
    EntryList,
    EntryOut,
)

router: Final = Router(tags=["Bookkeeping"])


def search_of(wanted: EntriesWanted, kinds: Collection[EntryKind]) -> EntrySearch:
    """What is looked for, among entries of ``kinds``.

    Raises:
        ProblemsError: it makes no sense; each problem names its parameter.
    """
    problems: list[Problem] = []
    instrument = None
    if wanted.symbol is not None:
        instrument = find_instrument(wanted.symbol, matches_of({wanted.symbol}), "symbol", problems)
    if wanted.start is not None and wanted.end is not None and wanted.end < wanted.start:
        message = f"end was {wanted.end}, must not be before start, {wanted.start}."
        problems.append(Problem("end", "before_start", message))
    found = EntrySearch(
        kinds=kinds_named(wanted.kind, kinds, problems),
        instrument_id=instrument.id if instrument else None,
        start_at=wanted.start,
        end_at=wanted.end,
        words=(wanted.search or "").strip(),
    )
    if problems:
        raise ProblemsError(problems)
    return found


def kinds_named(
    words: str | None, kinds: Collection[EntryKind], problems: list[Problem]
) -> tuple[EntryKind, ...]:
    """In one order and each once, however they were named."""
    if words is None:
        return ()
    named = set(words.split(","))
    if unknown := sorted(named.difference(kinds)):
        message = f"kind was {unknown[0]!r}, must be of {', '.join(kinds)}."
        problems.append(Problem("kind", "unknown", message))
    return tuple(kind for kind in kinds if kind in named)


def page_of(
    request: ApiRequest,
    name: str,
    found: QuerySet[JournalEntry, JournalEntry],
    wanted: EntriesWanted,
    search: EntrySearch,
) -> Page[JournalEntry]:
    """The page that is wanted of a list; its cursors hold for this search alone."""
    listing = Listing(request.auth, name, search.facts())
    return listing.page(found, order=journal.ORDER, limit=wanted.limit, cursor=wanted.cursor)


@router.get(
    "/portfolios/{uuid:portfolio_id}/activities",
    response=ActivityList,
    auth=KeyAuth("read"),
    openapi_extra=FILES_IN_OPENAPI,
)
def list_activities(
    request: ApiRequest, portfolio_id: UUID, wanted: Query[EntriesWanted]
) -> ActivityList | HttpResponseBase:
    """What happened, newest first; as a file (CSV, Parquet) all that is found, oldest first."""
    form = wanted_format(request, wanted.format)
    portfolio = find_portfolio(request.auth, portfolio_id)
    search = search_of(wanted, journal.ACTIVITY_KINDS)
    found = journal.activities_of(portfolio, search)
    if form is not Format.JSON:
        return table_response(activity_table(portfolio, found), form)
    page = page_of(request, f"activities {portfolio.id}", found, wanted, search)
    items = [ActivityOut.from_row(row) for row in journal.entry_rows(page.items)]
    return ActivityList(items=items, next_cursor=page.next_cursor)


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


@router.get(
    "/portfolios/{uuid:portfolio_id}/journal",
    response=EntryList,
    auth=KeyAuth("read"),
    openapi_extra=FILES_IN_OPENAPI,
)
def list_journal(
    request: ApiRequest, portfolio_id: UUID, wanted: Query[EntriesWanted]
) -> EntryList | HttpResponseBase:
    """Entries with their postings, newest first.

    As a file (CSV, Parquet) all that are found, a row for each posting, oldest first.
    """
    form = wanted_format(request, wanted.format)
    portfolio = find_portfolio(request.auth, portfolio_id)
    search = search_of(wanted, tuple(EntryKind))
    found = journal.entries_of(portfolio, search)
    if form is not Format.JSON:
        return table_response(journal_table(portfolio, found), form)
    page = page_of(request, f"journal {portfolio.id}", found, wanted, search)
    rows = journal.entry_rows(page.items, with_postings=True)
    return EntryList(items=[EntryOut.from_row(row) for row in rows], next_cursor=page.next_cursor)
