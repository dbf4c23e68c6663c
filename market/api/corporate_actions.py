"""Dividends and splits: for everybody to read, for administrators to record and correct."""

from typing import Final
from uuid import UUID

from django.utils import timezone
from ninja import File, Query, Router
from ninja.files import UploadedFile
from ninja.responses import Status

from accounts.auth import KeyAuth
from accounts.cursors import Listing
from accounts.http import ApiRequest
from accounts.idempotency import idempotent
from market import queries
from market.action_schemas import (
    ActionsWanted,
    CorporateActionIn,
    CorporateActionList,
    CorporateActionOut,
    CorporateActionPatch,
)
from market.api.imports import REFUSALS_SHOWN
from market.corporate_actions import actions
from market.corporate_actions.action_imports import import_actions
from market.list_schemas import PriceImportOut
from market.models import CorporateAction

router: Final = Router(tags=["Corporate actions"])

SOURCE: Final = "staff"
FILE_SOURCE: Final = "file"


@router.get(
    "/instruments/{symbol}/corporate-actions", response=CorporateActionList, auth=KeyAuth("read")
)
def list_corporate_actions(
    request: ApiRequest, symbol: str, wanted: Query[ActionsWanted]
) -> CorporateActionList:
    """Dividends and splits by ex-date; cancelled ones are left out."""
    instrument = queries.instrument_by_address(symbol)
    rows = (
        CorporateAction.objects.standing()
        .filter(instrument=instrument)
        .between(wanted.start, wanted.end)
        .select_related("instrument")
    )
    filters = {"start": wanted.start, "end": wanted.end}
    found = Listing(request.auth, f"corporate actions {instrument.id}", filters).page(
        rows, order=["ex_date", "id"], limit=wanted.limit, cursor=wanted.cursor
    )
    items = [CorporateActionOut.from_action(one) for one in found.items]
    return CorporateActionList(items=items, next_cursor=found.next_cursor)


@router.post(
    "/instruments/{symbol}/corporate-actions",
    response={201: CorporateActionOut},
    auth=KeyAuth("admin"),
)
@idempotent(required=False)
def create_corporate_action(
    request: ApiRequest, symbol: str, payload: CorporateActionIn
) -> Status[CorporateActionOut]:
    """Record a dividend or split. The very same again is the one there."""
    instrument = queries.instrument_by_address(symbol)
    action = actions.record_action(
        instrument=instrument,
        facts=payload.to_facts(currency=instrument.currency),
        source=SOURCE,
        recorded_at=timezone.now(),
    )
    return Status(201, CorporateActionOut.from_action(action))


@router.patch(
    "/corporate-actions/{uuid:action_id}", response=CorporateActionOut, auth=KeyAuth("admin")
)
def correct_corporate_action(
    request: ApiRequest, action_id: UUID, payload: CorporateActionPatch
) -> CorporateActionOut:
    """Say what it really was: a new version; the former stays as a revision."""
    action = actions.correct_action(
        action_id, changes=payload.to_changes(), corrected_at=timezone.now()
    )
    return CorporateActionOut.from_action(action)


@router.delete("/corporate-actions/{uuid:action_id}", response={204: None}, auth=KeyAuth("admin"))
def cancel_corporate_action(request: ApiRequest, action_id: UUID) -> Status[None]:
    """Say that a dividend or split never was."""
    actions.cancel_action(action_id, cancelled_at=timezone.now())
    return Status(204, None)


@router.post("/corporate-actions/imports", response={201: PriceImportOut}, auth=KeyAuth("admin"))
@idempotent(required=False)
def create_corporate_action_import(
    request: ApiRequest, file: File[UploadedFile]
) -> Status[PriceImportOut]:
    """Take in a CSV of dividends and splits at once; `refusals` are lines that were not taken."""
    run = import_actions(
        file.read(),
        name=(file.name or "")[:255],
        source=FILE_SOURCE,
        imported_at=timezone.now(),
        requested_by_id=request.auth.user.id,
    )
    refusals = run.refusals.order_by("line", "id")[:REFUSALS_SHOWN]
    return Status(201, PriceImportOut.from_run(run, refusals))
