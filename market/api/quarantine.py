"""Rows refused at the door: for administrators to look at, release and reject."""

from typing import Final

from django.utils import timezone
from ninja import Query, Router

from accounts.auth import KeyAuth
from accounts.cursors import Listing
from accounts.http import ApiRequest
from accounts.idempotency import idempotent
from market.intake import quarantine
from market.models import QuarantinedRow
from market.quarantine_schemas import (
    QuarantinedRowList,
    QuarantinedRowOut,
    QuarantineWanted,
    ReleaseIn,
    RowId,
)

router: Final = Router(tags=["Prices"])


@router.get("/quarantined-rows", response=QuarantinedRowList, auth=KeyAuth("admin"))
def list_quarantined_rows(
    request: ApiRequest, wanted: Query[QuarantineWanted]
) -> QuarantinedRowList:
    """Every row that was refused at the door, newest first, with its line and a reason."""
    filters = wanted.filters()
    rows = QuarantinedRow.objects.matching(**filters).select_related("run")
    found = Listing(request.auth, "quarantined rows", filters).page(
        rows, order=["-id"], limit=wanted.limit, cursor=wanted.cursor
    )
    items = [QuarantinedRowOut.from_row(row) for row in found.items]
    return QuarantinedRowList(items=items, next_cursor=found.next_cursor)


@router.post(
    "/quarantined-rows/{row_id}/release", response=QuarantinedRowOut, auth=KeyAuth("admin")
)
@idempotent(required=False)
def release_quarantined_row(
    request: ApiRequest, row_id: RowId, payload: ReleaseIn
) -> QuarantinedRowOut:
    """Store what the row says, with the corrections given; a spike is thereby confirmed."""
    row = quarantine.release_row(
        row_id,
        corrections=payload.corrections(),
        released_by_id=request.auth.user.id,
        released_at=timezone.now(),
    )
    return QuarantinedRowOut.from_row(row)


@router.post(
    "/quarantined-rows/{row_id}/rejection", response=QuarantinedRowOut, auth=KeyAuth("admin")
)
@idempotent(required=False)
def reject_quarantined_row(request: ApiRequest, row_id: RowId) -> QuarantinedRowOut:
    """Keep the row out for good, for all reasons of its line."""
    row = quarantine.reject_row(
        row_id, rejected_by_id=request.auth.user.id, rejected_at=timezone.now()
    )
    return QuarantinedRowOut.from_row(row)
