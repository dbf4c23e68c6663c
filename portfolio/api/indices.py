"""Indices that a user brings, to compare his portfolios with."""

from typing import Final
from uuid import UUID

from django.utils import timezone
from ninja import File, Form, Query, Router
from ninja.files import UploadedFile
from ninja.responses import Status

from accounts.auth import KeyAuth
from accounts.cursors import Listing
from accounts.http import ApiRequest
from accounts.idempotency import idempotent
from accounts.schemas import PageIn
from portfolio.indices import own_indices
from portfolio.indices.schemas import IndexList, IndexOut, TakenInOut

router: Final = Router(tags=["Performance"])


@router.get("/indices", response=IndexList, auth=KeyAuth("read"))
def list_indices(request: ApiRequest, asked: Query[PageIn]) -> IndexList:
    """The user's own, by name."""
    page = Listing(request.auth, "indices", {}).part(
        own_indices.indices_of(request.auth.user),
        key=lambda one: (one.index.name, str(one.index.id)),
        limit=asked.limit,
        cursor=asked.cursor,
    )
    items = [IndexOut.from_overview(one) for one in page.items]
    return IndexList(items=items, next_cursor=page.next_cursor)


@router.post("/indices", response={201: TakenInOut}, auth=KeyAuth("trade"))
@idempotent(required=False)
def add_index(
    request: ApiRequest, file: File[UploadedFile], name: Form[str] = ""
) -> Status[TakenInOut]:
    """Keep an index from a CSV with the columns date and close; bad rows are named and left out.

    Without a name it is called as the file is.
    """
    file_name = file.name or ""
    taken = own_indices.add_index(
        owner=request.auth.user,
        name=name or file_name.rpartition(".")[0] or file_name,
        content=file.read(),
        file_name=file_name,
        added_at=timezone.now(),
    )
    return Status(201, TakenInOut.from_taken_in(taken))


@router.post("/indices/{uuid:index_id}/closes", response={201: TakenInOut}, auth=KeyAuth("trade"))
@idempotent(required=False)
def add_index_closes(
    request: ApiRequest, index_id: UUID, file: File[UploadedFile]
) -> Status[TakenInOut]:
    """Take in another file of an index: new days are added, known ones get its closes."""
    taken = own_indices.add_closes(
        owner=request.auth.user,
        index_id=index_id,
        content=file.read(),
        file_name=file.name or "",
        added_at=timezone.now(),
    )
    return Status(201, TakenInOut.from_taken_in(taken))


@router.delete("/indices/{uuid:index_id}", response={204: None}, auth=KeyAuth("trade"))
def remove_index(request: ApiRequest, index_id: UUID) -> Status[None]:
    """Forget an index and its closes."""
    own_indices.remove_index(owner=request.auth.user, index_id=index_id, removed_at=timezone.now())
    return Status(204, None)
