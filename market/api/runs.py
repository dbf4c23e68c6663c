"""Runs that took prices in, and the age of prices, for administrators."""

from typing import Final
from uuid import UUID

from django.utils import timezone
from ninja import Query, Router

from accounts.auth import KeyAuth
from accounts.cursors import Listing
from accounts.http import ApiRequest
from accounts.schemas import PageIn
from market.errors import UnknownRun
from market.live.feed_ages import shard_ages
from market.models import IngestionRun
from market.operations.feed_rows import FeedRow, listed_feeds
from market.run_schemas import (
    FeedList,
    FeedOut,
    IngestionRunList,
    IngestionRunOut,
    RunsWanted,
    ShardOut,
)

router: Final = Router(tags=["Prices"])


@router.get("/ingestion-runs", response=IngestionRunList, auth=KeyAuth("admin"))
def list_ingestion_runs(request: ApiRequest, wanted: Query[RunsWanted]) -> IngestionRunList:
    """Every intake of prices with its counts and errors, newest first."""
    filters = wanted.filters()
    found = Listing(request.auth, "ingestion runs", filters).page(
        IngestionRun.objects.filter(**filters),
        order=["-created_at", "-id"],
        limit=wanted.limit,
        cursor=wanted.cursor,
    )
    items = [IngestionRunOut.from_run(run) for run in found.items]
    return IngestionRunList(items=items, next_cursor=found.next_cursor)


@router.get("/ingestion-runs/{uuid:run_id}", response=IngestionRunOut, auth=KeyAuth("admin"))
def get_ingestion_run(request: ApiRequest, run_id: UUID) -> IngestionRunOut:
    """One of them, to be asked until `finished_at` is set."""
    run = IngestionRun.objects.filter(id=run_id).first()
    if run is None:
        raise UnknownRun(run_id)
    return IngestionRunOut.from_run(run)


@router.get("/feeds", response=FeedList, auth=KeyAuth("admin"))
def list_feeds(request: ApiRequest, page: Query[PageIn]) -> FeedList:
    """How old each active instrument's newest prices are, by symbol, and what brings them."""
    now = timezone.now()
    found = Listing(request.auth, "feeds", {}).page(
        listed_feeds(), order=["symbol", "id"], limit=page.limit, cursor=page.cursor
    )
    ages = shard_ages(at=now)
    shards = [ShardOut(shard=shard, silent_seconds=seconds) for shard, seconds in ages or ()]
    return FeedList(
        items=[FeedOut.from_row(FeedRow.of(one, at=now)) for one in found.items],
        next_cursor=found.next_cursor,
        shards=None if ages is None else shards,
    )
