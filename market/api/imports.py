"""Price files as uploads, taken in by a run to poll."""

from typing import Final
from uuid import UUID

from django.utils import timezone
from ninja import File, Router
from ninja.files import UploadedFile
from ninja.responses import Status

from accounts.auth import KeyAuth
from accounts.http import ApiRequest
from accounts.idempotency import idempotent
from market.errors import UnknownRun
from market.intake import price_files
from market.list_schemas import PriceImportOut
from market.models import IngestionRun, QuarantinedRow

router: Final = Router(tags=["Prices"])

REFUSALS_SHOWN: Final = 100


@router.post("/prices/imports", response={202: PriceImportOut}, auth=KeyAuth("admin"))
@idempotent(required=False)
def create_price_import(
    request: ApiRequest,
    file: File[UploadedFile],
    instruments: File[UploadedFile | None] = None,
) -> Status[PriceImportOut]:
    """Take in a CSV or zip of daily prices, with a CSV of its instruments where they are new."""
    run = price_files.start_import(
        prices=file,
        name=file.name or "",
        requested_by=request.auth.user,
        created_at=timezone.now(),
        instruments=instruments,
    )
    return Status(202, PriceImportOut.from_run(run))


@router.get("/prices/imports/{uuid:run_id}", response=PriceImportOut, auth=KeyAuth("admin"))
def get_price_import(request: ApiRequest, run_id: UUID) -> PriceImportOut:
    """How far a run is; `refusals` are rows that were not taken, with line and reason."""
    run = IngestionRun.objects.filter(id=run_id).first()
    if run is None:
        raise UnknownRun(run_id)
    refusals = QuarantinedRow.objects.filter(run=run).order_by("line", "id")[:REFUSALS_SHOWN]
    return PriceImportOut.from_run(run, refusals)
