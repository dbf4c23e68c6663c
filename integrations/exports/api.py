"""Exports for programs."""

from typing import Final
from uuid import UUID

from django.db.models import Q
from django.utils import timezone
from ninja import File, Query, Router
from ninja.files import UploadedFile
from ninja.responses import Status

from accounts.auth import Caller, KeyAuth, KeyBound
from accounts.cursors import Listing
from accounts.http import ApiRequest
from accounts.idempotency import idempotent
from accounts.roles import Role
from accounts.schemas import PageIn
from integrations.exports import keeping, nights, requesting
from integrations.exports.errors import ExportNotFound
from integrations.exports.schemas import (
    ExportDetailOut,
    ExportIn,
    ExportList,
    ExportOut,
    NightIn,
    RestoredList,
)
from integrations.models import Export
from integrations.models.exports import Dataset
from portfolio.api.reach import find_portfolio
from portfolio.takeout.restoring import restore

router: Final = Router(tags=["Exports"])
# Only his own books leave in files.
OWNERS: Final = KeyAuth("read", role=Role.OWNER)
CHANGES: Final = KeyAuth("trade", role=Role.OWNER)
ORDER: Final = ("-requested_at", "-id")


def find_export(caller: Caller, export_id: UUID) -> Export:
    """Raises:
    ExportNotFound: there is none that the caller reaches.
    """
    found = keeping.find_export(caller.user, export_id)
    is_beyond = found.dataset == Dataset.EVERYTHING and caller.portfolio_ids
    if is_beyond or (found.portfolio_id is not None and not caller.may_use(found.portfolio_id)):
        raise ExportNotFound("There is no such export.")
    return found


@router.get("/exports", response=ExportList, auth=OWNERS)
def list_exports(request: ApiRequest, asked: Query[PageIn]) -> ExportList:
    """What the caller asked for, newest first."""
    caller, rows = request.auth, Export.objects.for_user(request.auth.user)
    if caller.portfolio_ids:
        rows = rows.filter(Q(portfolio=None) | Q(portfolio__in=caller.portfolio_ids))
        rows = rows.exclude(dataset=Dataset.EVERYTHING)
    page = Listing(caller, "exports", {}).page(
        rows, order=ORDER, limit=asked.limit, cursor=asked.cursor
    )
    items = [ExportOut.of(row) for row in page.items]
    return ExportList(items=items, next_cursor=page.next_cursor)


@router.post("/exports", response={202: ExportOut}, auth=OWNERS)
@idempotent(required=False)
def request_export(request: ApiRequest, payload: ExportIn) -> Status[ExportOut]:
    """Have a dataset written as partitioned Parquet files; `GET /exports/{id}` tells how far."""
    if payload.portfolio_id is not None:
        find_portfolio(request.auth, payload.portfolio_id)
    if payload.dataset is Dataset.EVERYTHING and request.auth.portfolio_ids:
        raise KeyBound("This key is bound to portfolios, so it cannot export everything.")
    now = timezone.now()
    made = requesting.request_export(
        owner=request.auth.user, wanted=payload.to_wanted(at=now), requested_at=now
    )
    return Status(202, ExportOut.of(made))


@router.post("/exports/restorations", response={201: RestoredList}, auth=CHANGES)
@idempotent(required=False)
def restore_export(request: ApiRequest, file: File[UploadedFile]) -> Status[RestoredList]:
    """Bring back an export of everything: portfolios as new ones, the rest where missing."""
    if request.auth.portfolio_ids:
        raise KeyBound("This key is bound to portfolios, so it cannot open others.")
    made = restore(
        owner=request.auth.user,
        content=file.read(),
        file_name=file.name or "",
        restored_at=timezone.now(),
    )
    return Status(201, RestoredList.of(made))


@router.get("/exports/nights", response=ExportList, auth=KeyAuth("admin"))
def list_nights(request: ApiRequest, asked: Query[PageIn]) -> ExportList:
    """What the desk wrote by itself each night, newest first."""
    page = Listing(request.auth, "nightly exports", {}).page(
        Export.objects.nightly(), order=ORDER, limit=asked.limit, cursor=asked.cursor
    )
    items = [ExportOut.of(row) for row in page.items]
    return ExportList(items=items, next_cursor=page.next_cursor)


@router.post("/exports/nights", response={202: ExportList}, auth=KeyAuth("admin"))
@idempotent(required=False)
def write_night(request: ApiRequest, payload: NightIn) -> Status[ExportList]:
    """Have every dataset of one day written now, anew where it is there already."""
    found = nights.write_day(day=payload.day, requested_at=timezone.now())
    items = [ExportOut.of(row) for row in found]
    return Status(202, ExportList(items=items, next_cursor=None))


@router.get("/exports/nights/{uuid:night_id}", response=ExportDetailOut, auth=KeyAuth("admin"))
def read_night(request: ApiRequest, night_id: UUID) -> ExportDetailOut:
    """One dataset of a night, and where its files are to be had."""
    return ExportDetailOut.shown(nights.find_night(night_id), request)


@router.get("/exports/{uuid:export_id}", response=ExportDetailOut, auth=OWNERS)
def read_export(request: ApiRequest, export_id: UUID) -> ExportDetailOut:
    """How far it is, and once it is whole its files and where they are to be had."""
    return ExportDetailOut.shown(find_export(request.auth, export_id), request)


@router.delete("/exports/{uuid:export_id}", response={204: None}, auth=CHANGES)
def delete_export(request: ApiRequest, export_id: UUID) -> Status[None]:
    """Remove its files; that it was asked for still counts for the tier."""
    found = find_export(request.auth, export_id)
    keeping.delete_export(owner=request.auth.user, export_id=found.id, deleted_at=timezone.now())
    return Status(204, None)
