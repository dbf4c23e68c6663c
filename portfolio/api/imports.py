"""Files of brokers and trackers: taken in, looked at, booked, undone."""

from typing import Any, Final
from uuid import UUID

from django.utils import timezone
from ninja import File, Form, Query, Router
from ninja.files import UploadedFile
from ninja.responses import Status
from pydantic import ValidationError

from accounts import exact_json
from accounts.auth import KeyAuth
from accounts.cursors import Listing
from accounts.errors import Problem
from accounts.http import ApiRequest
from accounts.idempotency import idempotent
from accounts.schemas import PageIn
from portfolio.api.reach import find_portfolio
from portfolio.imports import commits, decisions, overviews, previews, undoing
from portfolio.imports.decisions import ImportChangeRefused
from portfolio.imports.errors import UnreadableImport
from portfolio.imports.schemas import (
    ImportDetailOut,
    ImportList,
    ImportOut,
    ImportPatch,
    ImportRowsWanted,
    PasteIn,
)
from portfolio.imports.states import ImportNotFound
from portfolio.models import FileImport

router: Final = Router(tags=["Imports"])

JSON: Final = "application/json"
# Ninja knows one form of a body for each endpoint; this one takes two.
PASTE_IN_OPENAPI: Final = {
    "requestBody": {"content": {JSON: {"schema": PasteIn.model_json_schema()}}}
}


def find_import(request: ApiRequest, import_id: UUID) -> FileImport:
    """Raises:
    ImportNotFound: there is none that the caller reaches.
    """
    found = overviews.find_import(import_id, request.auth.user, request.auth.role)
    if not request.auth.may_use(found.portfolio_id):
        raise ImportNotFound
    return found


def shown(
    request: ApiRequest, found: FileImport, wanted: ImportRowsWanted | None = None
) -> ImportDetailOut:
    wanted = wanted or ImportRowsWanted()
    filters = {"row_status": wanted.row_status}
    page = Listing(request.auth, f"import {found.id}", filters).page(
        overviews.rows_of(found, status=wanted.row_status),
        order=["position"],
        limit=wanted.limit,
        cursor=wanted.cursor,
    )
    counts = overviews.row_counts(found)
    return ImportDetailOut.of(found, counts, page.items, page.next_cursor)


@router.post(
    "/portfolios/{uuid:portfolio_id}/imports",
    response={201: ImportDetailOut},
    auth=KeyAuth("trade"),
    openapi_extra=PASTE_IN_OPENAPI,
)
@idempotent(required=False)
def create_import(
    request: ApiRequest,
    portfolio_id: UUID,
    file: File[UploadedFile | None] = None,
    text: Form[str] = "",
    profile: Form[str] = "",
) -> Status[ImportDetailOut]:
    """Take in a file (multipart), or a table as text. Large ones are read by a worker: poll."""
    paste = pasted(request) if request.content_type == JSON else PasteIn(text=text)
    if file is None and not paste.text:
        raise ImportChangeRefused([Problem("file", "required", "Send a file, or text.")])
    portfolio = find_portfolio(request.auth, portfolio_id)
    found = previews.start_import(
        portfolio=portfolio,
        content=paste.text.encode() if file is None else file.read(),
        file_name=(paste.name if file is None else file.name) or "",
        profile=profile or paste.profile,
        created_by=request.auth.user,
        created_at=timezone.now(),
        bound_to=request.auth.portfolio_ids,
    )
    return Status(201, shown(request, found))


def pasted(request: ApiRequest) -> PasteIn:
    """Raises:
    ImportChangeRefused: the body is JSON of another shape.
    UnreadableImport: it is no JSON.
    """
    try:
        body: Any = exact_json.parse(request.body)
    except ValueError as error:
        raise UnreadableImport(f"The body is not JSON: {error}") from None
    try:
        return PasteIn.model_validate(body)
    except ValidationError as error:
        raise ImportChangeRefused(
            [
                Problem(".".join(map(str, one["loc"])), one["type"], one["msg"])
                for one in error.errors()
            ]
        ) from None


@router.get("/portfolios/{uuid:portfolio_id}/imports", response=ImportList, auth=KeyAuth("read"))
def list_imports(request: ApiRequest, portfolio_id: UUID, page: Query[PageIn]) -> ImportList:
    """Imports of a portfolio, newest first."""
    portfolio = find_portfolio(request.auth, portfolio_id)
    found = Listing(request.auth, f"imports {portfolio.id}", {}).page(
        FileImport.objects.filter(portfolio=portfolio).defer("content"),
        order=["-created_at", "-id"],
        limit=page.limit,
        cursor=page.cursor,
    )
    items = [ImportOut.from_import(one) for one in found.items]
    return ImportList(items=items, next_cursor=found.next_cursor)


@router.get("/imports/{uuid:import_id}", response=ImportDetailOut, auth=KeyAuth("read"))
def get_import(
    request: ApiRequest, import_id: UUID, wanted: Query[ImportRowsWanted]
) -> ImportDetailOut:
    """How an import stands, how its file was read, and its rows by page."""
    return shown(request, find_import(request, import_id), wanted)


@router.patch("/imports/{uuid:import_id}", response=ImportDetailOut, auth=KeyAuth("trade"))
def change_import(request: ApiRequest, import_id: UUID, payload: ImportPatch) -> ImportDetailOut:
    """Map columns, choose instruments and portfolios, decide about rows, mend their facts."""
    found = find_import(request, import_id)
    changed = decisions.change_import(found=found, said=payload.said(), changed_at=timezone.now())
    return shown(request, changed)


@router.post(
    "/imports/{uuid:import_id}/commit", response={202: ImportDetailOut}, auth=KeyAuth("trade")
)
@idempotent(required=False)
def commit_import(request: ApiRequest, import_id: UUID) -> Status[ImportDetailOut]:
    """Book every row that is to be taken, or none. Many rows are booked by a worker: poll."""
    found = find_import(request, import_id)
    committed = commits.commit_import(found=found, committed_at=timezone.now())
    return Status(202, shown(request, committed))


@router.post(
    "/imports/{uuid:import_id}/reversal", response={202: ImportDetailOut}, auth=KeyAuth("trade")
)
@idempotent(required=False)
def reverse_import(request: ApiRequest, import_id: UUID) -> Status[ImportDetailOut]:
    """Undo everything that the import booked, as one."""
    found = find_import(request, import_id)
    undone = undoing.reverse_import(found=found, reversed_at=timezone.now())
    return Status(202, shown(request, undone))
