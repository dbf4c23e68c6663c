"""What happened to a portfolio: activities, and the journal behind them."""

from datetime import datetime
from typing import Final
from uuid import UUID

from django.http.response import HttpResponseBase
from django.utils import timezone
from ninja import Query, Router
from ninja.responses import Status

from accounts.auth import KeyAuth
from accounts.cursors import BadCursor, Listing
from accounts.errors import Problem
from accounts.http import ApiRequest
from accounts.idempotency import idempotent
from accounts.schemas import FormatIn, PageIn
from accounts.table_answers import FILES_IN_OPENAPI, Format, table_response, wanted_format
from market.errors import AmbiguousSymbol, UnknownSymbol
from market.models import Instrument
from market.queries import instrument_by_address
from portfolio import activities, journal
from portfolio.api.reach import find_portfolio
from portfolio.errors import ActivityRefused
from portfolio.journal import Keyset
from portfolio.journal_table import journal_table
from portfolio.schemas import (
    ActivitiesWanted,
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
    portfolio = find_portfolio(request.auth, portfolio_id)
    now = timezone.now()
    instrument = None if payload.symbol is None else instrument_in_body(payload.symbol)
    entry = activities.record_activity(
        portfolio=portfolio, activity=payload.to_draft(instrument, now=now), recorded_at=now
    )
    return Status(201, ActivityOut.from_row(journal.entry_row(entry)))


def instrument_in_body(symbol: str) -> Instrument:
    """A symbol that means nothing is wrong with the body, not with the address.

    Raises:
        ActivityRefused: naming the field.
    """
    try:
        return instrument_by_address(symbol)
    except (UnknownSymbol, AmbiguousSymbol) as error:
        raise ActivityRefused([Problem("symbol", error.code, str(error))]) from error


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
