"""Brokers, connections and syncs for programs."""

from collections.abc import Callable
from typing import Annotated, Final, Literal
from uuid import UUID

from django.utils import timezone
from ninja import Query, Router
from ninja.responses import Status
from pydantic import Field

from accounts.auth import Caller, KeyAuth
from accounts.cursors import Listing
from accounts.errors import NotFound
from accounts.http import ApiRequest
from accounts.idempotency import idempotent
from accounts.own_transactions import own_transaction
from accounts.schemas import PageIn
from integrations.brokers.adapters import catalogue
from integrations.connections import deleting, own_connections, syncing
from integrations.connections.schemas import (
    BrokerList,
    BrokerOut,
    BrokerRowList,
    BrokerRowOut,
    ConnectionChangeIn,
    ConnectionIn,
    ConnectionList,
    ConnectionOut,
    DeletionIn,
    SyncList,
    SyncOut,
    UnlockIn,
)
from integrations.models import Connection, Sync
from integrations.models.connections import SyncKind
from portfolio.api.reach import find_portfolio, reachable

router: Final = Router(tags=["Connections"])


class RowsWanted(PageIn):
    status: Annotated[
        Literal["new", "booked", "known", "problem"] | None,
        Field(description="only what became that"),
    ] = None


def find_connection(caller: Caller, connection_id: UUID) -> Connection:
    """Raises:
    NotFound: there is none that the caller reaches.
    """
    found = own_connections.find(caller.user, connection_id)
    if not caller.may_use(found.portfolio_id):
        raise NotFound("There is no such connection.")
    return found


@router.get("/brokers", response=BrokerList, auth=KeyAuth("read"))
def list_brokers(request: ApiRequest, asked: Query[PageIn]) -> BrokerList:
    """Every broker that can be connected, what it asks for, and what can be done there."""
    page = Listing(request.auth, "brokers", {}).part(
        catalogue().values(),
        key=lambda adapter: (adapter.title, adapter.name),
        limit=asked.limit,
        cursor=asked.cursor,
    )
    items = [BrokerOut.of(adapter) for adapter in page.items]
    return BrokerList(items=items, next_cursor=page.next_cursor)


@router.get("/connections", response=ConnectionList, auth=KeyAuth("read"))
def list_connections(request: ApiRequest, asked: Query[PageIn]) -> ConnectionList:
    """The caller's connections, newest first; credentials are never shown."""
    rows = Connection.objects.for_user(request.auth.user)
    page = Listing(request.auth, "connections", {}).page(
        rows.filter(portfolio__in=reachable(request.auth)),
        order=("-created_at", "-id"),
        limit=asked.limit,
        cursor=asked.cursor,
    )
    items = [ConnectionOut.of(row) for row in page.items]
    return ConnectionList(items=items, next_cursor=page.next_cursor)


@router.post("/connections", response={201: ConnectionOut}, auth=KeyAuth("trade"))
@idempotent(required=False, in_two=True)
def add_connection(
    request: ApiRequest, payload: ConnectionIn
) -> Callable[[], Status[ConnectionOut]]:
    """Keep a connection. Nobody is asked yet: have it verified, or synced, next."""
    find_portfolio(request.auth, payload.portfolio_id)
    sealed = own_connections.seal_connection(owner=request.auth.user, terms=payload.to_terms())

    def keep() -> Status[ConnectionOut]:
        made = own_connections.keep_connection(sealed, added_at=timezone.now())
        return Status(201, ConnectionOut.of(made))

    return keep


@router.get("/connections/{uuid:connection_id}", response=ConnectionOut, auth=KeyAuth("read"))
def read_connection(request: ApiRequest, connection_id: UUID) -> ConnectionOut:
    """One connection, and how it fares."""
    return ConnectionOut.of(find_connection(request.auth, connection_id))


@router.patch("/connections/{uuid:connection_id}", response=ConnectionOut, auth=KeyAuth("trade"))
@own_transaction
def change_connection(
    request: ApiRequest, connection_id: UUID, payload: ConnectionChangeIn
) -> ConnectionOut:
    """Change what is given. New credentials take the place of all former ones."""
    found = find_connection(request.auth, connection_id)
    changed = own_connections.change_connection(
        owner=request.auth.user,
        connection_id=found.id,
        change=payload.to_change(),
        changed_at=timezone.now(),
    )
    return ConnectionOut.of(changed)


@router.delete("/connections/{uuid:connection_id}", response={204: None}, auth=KeyAuth("trade"))
def delete_connection(
    request: ApiRequest, connection_id: UUID, asked: Query[DeletionIn]
) -> Status[None]:
    """Forget it with its credentials; what it booked stays, or is reversed with it."""
    found = find_connection(request.auth, connection_id)
    deleting.delete_connection(
        owner=request.auth.user,
        connection_id=found.id,
        with_activities=asked.with_activities,
        deleted_at=timezone.now(),
    )
    return Status(204, None)


@router.post(
    "/connections/{uuid:connection_id}/unlocking",
    response=ConnectionOut,
    auth=KeyAuth("trade"),
)
@idempotent(required=False, in_two=True)
def unlock_connection(
    request: ApiRequest, connection_id: UUID, payload: UnlockIn
) -> Callable[[], ConnectionOut]:
    """Let the desk use credentials with a master password for the next hours."""
    found = find_connection(request.auth, connection_id)
    own_connections.unlock(
        owner=request.auth.user,
        connection_id=found.id,
        master_password=payload.master_password.get_secret_value(),
        unlocked_at=timezone.now(),
    )
    return lambda: ConnectionOut.of(found)


@router.post(
    "/connections/{uuid:connection_id}/verification",
    response={202: SyncOut},
    auth=KeyAuth("trade"),
)
@idempotent(required=False)
def verify_connection(request: ApiRequest, connection_id: UUID) -> Status[SyncOut]:
    """Have the broker asked whether it lets us in; `GET /syncs/{id}` tells what it said."""
    return Status(202, _requested(request, connection_id, SyncKind.VERIFICATION))


@router.post(
    "/connections/{uuid:connection_id}/syncs", response={202: SyncOut}, auth=KeyAuth("trade")
)
@idempotent(required=False)
def sync_connection(request: ApiRequest, connection_id: UUID) -> Status[SyncOut]:
    """Have everything new read and booked; while one sync is under way, that is the answer."""
    return Status(202, _requested(request, connection_id, SyncKind.SYNC))


def _requested(request: ApiRequest, connection_id: UUID, kind: SyncKind) -> SyncOut:
    found = find_connection(request.auth, connection_id)
    sync = syncing.request_sync(
        owner=request.auth.user,
        connection_id=found.id,
        kind=kind,
        requested_at=timezone.now(),
    )
    return SyncOut.of(sync)


@router.get("/connections/{uuid:connection_id}/syncs", response=SyncList, auth=KeyAuth("read"))
def list_syncs(request: ApiRequest, connection_id: UUID, asked: Query[PageIn]) -> SyncList:
    """What was read, newest first."""
    connection = find_connection(request.auth, connection_id)
    page = Listing(request.auth, "syncs", {"connection_id": connection.id}).page(
        connection.syncs.all(),
        order=("-requested_at", "-id"),
        limit=asked.limit,
        cursor=asked.cursor,
    )
    items = [SyncOut.of(row) for row in page.items]
    return SyncList(items=items, next_cursor=page.next_cursor)


@router.get("/syncs/{uuid:sync_id}", response=SyncOut, auth=KeyAuth("read"))
def read_sync(request: ApiRequest, sync_id: UUID) -> SyncOut:
    """How far it is, or what came of it."""
    rows = Sync.objects.for_user(request.auth.user).select_related("connection")
    found = rows.filter(id=sync_id).first()
    if found is None or not request.auth.may_use(found.connection.portfolio_id):
        raise NotFound("There is no such sync.")
    return SyncOut.of(found)


@router.get("/connections/{uuid:connection_id}/rows", response=BrokerRowList, auth=KeyAuth("read"))
def list_broker_rows(
    request: ApiRequest, connection_id: UUID, asked: Query[RowsWanted]
) -> BrokerRowList:
    """Everything that the broker told, newest first, and what became of each thing."""
    connection = find_connection(request.auth, connection_id)
    rows = connection.rows.all()
    filters = {"connection_id": connection.id, "status": asked.status}
    page = Listing(request.auth, "broker rows", filters).page(
        rows.filter(status=asked.status) if asked.status else rows,
        order=("-occurred_at", "-id"),
        limit=asked.limit,
        cursor=asked.cursor,
    )
    items = [BrokerRowOut.of(row) for row in page.items]
    return BrokerRowList(items=items, next_cursor=page.next_cursor)
