"""Prices that their source corrected: what was, what is, since when and by which run."""

from typing import Final
from uuid import UUID

from django.utils import timezone
from ninja import Query, Router

from accounts.auth import KeyAuth
from accounts.cursors import Listing
from accounts.http import ApiRequest
from accounts.schemas import PageIn
from market import queries
from market.api.prices import Span
from market.errors import UnknownRun
from market.instruments.short_addresses import address_as_found, shortest_addresses
from market.models import BarRevision, IngestionRun, TickRevision
from market.revision_schemas import (
    BarRevisionList,
    BarRevisionOut,
    BarRevisionsWanted,
    TickRevisionList,
    TickRevisionOut,
)
from market.series.history import permitted_start, within
from market.series.price_corrections import bar_corrections, tick_corrections

router: Final = Router(tags=["Prices"])


class BarsRevised(BarRevisionsWanted, Span):
    pass


class TicksRevised(PageIn, Span):
    pass


@router.get("/instruments/{symbol}/bars/revisions", response=BarRevisionList, auth=KeyAuth("read"))
def list_bar_revisions(
    request: ApiRequest, symbol: str, wanted: Query[BarsRevised]
) -> BarRevisionList:
    """Bars as they were before they were corrected; `start` and `end` are of the bars."""
    instrument = queries.instrument_by_address(symbol)
    since = permitted_start(
        request.auth.user, start=wanted.start, end=wanted.end, at=timezone.now()
    )
    filters = wanted.model_dump(exclude={"limit", "cursor"})
    rows = BarRevision.objects.filter(instrument=instrument)
    if wanted.interval is not None:
        rows = rows.filter(interval=wanted.interval)
    found = Listing(request.auth, f"bar revisions {instrument.id}", filters).page(
        within(rows, "opened_at", start=since, end=wanted.end),
        order=["-id"],
        limit=wanted.limit,
        cursor=wanted.cursor,
    )
    address = address_as_found(symbol, instrument)
    items = [
        BarRevisionOut.from_correction(one, address=address) for one in bar_corrections(found.items)
    ]
    return BarRevisionList(items=items, next_cursor=found.next_cursor)


@router.get(
    "/instruments/{symbol}/ticks/revisions", response=TickRevisionList, auth=KeyAuth("read")
)
def list_tick_revisions(
    request: ApiRequest, symbol: str, wanted: Query[TicksRevised]
) -> TickRevisionList:
    """Ticks as they were before they were corrected; `start` and `end` are of the ticks."""
    instrument = queries.instrument_by_address(symbol)
    since = permitted_start(
        request.auth.user, start=wanted.start, end=wanted.end, at=timezone.now()
    )
    rows = TickRevision.objects.filter(instrument=instrument)
    filters = {"start": wanted.start, "end": wanted.end}
    found = Listing(request.auth, f"tick revisions {instrument.id}", filters).page(
        within(rows, "occurred_at", start=since, end=wanted.end),
        order=["-id"],
        limit=wanted.limit,
        cursor=wanted.cursor,
    )
    address = address_as_found(symbol, instrument)
    items = [
        TickRevisionOut.from_correction(one, address=address)
        for one in tick_corrections(found.items)
    ]
    return TickRevisionList(items=items, next_cursor=found.next_cursor)


@router.get(
    "/ingestion-runs/{uuid:run_id}/bar-revisions", response=BarRevisionList, auth=KeyAuth("admin")
)
def list_run_revisions(request: ApiRequest, run_id: UUID, page: Query[PageIn]) -> BarRevisionList:
    """The bars that a run corrected, as they were before it and after."""
    if not IngestionRun.objects.filter(id=run_id).exists():
        raise UnknownRun(run_id)
    found = Listing(request.auth, f"revisions of run {run_id}", {}).page(
        BarRevision.objects.filter(run_id=run_id).select_related("instrument"),
        order=["-id"],
        limit=page.limit,
        cursor=page.cursor,
    )
    addresses = shortest_addresses(one.instrument for one in found.items)
    items = [
        BarRevisionOut.from_correction(one, address=addresses[one.revision.instrument_id])
        for one in bar_corrections(found.items)
    ]
    return BarRevisionList(items=items, next_cursor=found.next_cursor)
