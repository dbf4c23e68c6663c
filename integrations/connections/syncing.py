"""Reading a connection: asked for or by the clock, one at a time, by a worker.

A sync may die anywhere: what it kept is kept, what it booked is booked, and the next one goes on.
The same history read again adds nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Max, Q

from accounts import audit
from accounts.errors import HoldfastError
from accounts.models import User
from integrations.brokers.adapters import catalogue
from integrations.brokers.line import Line
from integrations.brokers.pacing import AccountPacing
from integrations.connections import booking, own_connections, reconciling
from integrations.connections.audited import target
from integrations.connections.broken_sessions import need_sign_in
from integrations.connections.errors import ConnectionDisabled
from integrations.models import Connection, Sync
from integrations.models.connections import BrokerRowStatus, SyncKind, SyncStatus
from integrations.vault import credentials as vault
from integrations.vault.broker_sessions import KeptSession
from integrations.vault.errors import VaultError
from portfolio.models import PortfolioKind
from trading.broker_errors import BrokerBusy, BrokerError, RequestInvalid, SignInNeeded
from trading.brokers import ActivityPage, BrokerSession, Reading

logger = logging.getLogger(__name__)

Clock = Callable[[], datetime]
ERROR_CHARACTERS: Final = 500
SILENT: Final = "The worker that was at it died; what was read is kept, and the next sync goes on."
LOST: Final = timedelta(minutes=2)
UNFORESEEN: Final = "Something went wrong here; the next sync tries again."


def request_sync(
    *,
    owner: User,
    connection_id: UUID,
    kind: SyncKind,
    requested_at: datetime,
    is_scheduled: bool = False,
) -> Sync:
    """Have a worker read the connection; while one waits or runs, return that one.

    Raises:
        ConnectionDisabled: nothing is asked of its broker.
        NotFound: the owner has no such connection.
    """
    try:
        with transaction.atomic():
            return _request(owner, connection_id, kind, requested_at, is_scheduled=is_scheduled)
    except IntegrityError:
        # Somebody else asked at the same moment.
        return Sync.objects.working().get(connection_id=connection_id)


def _request(
    owner: User, connection_id: UUID, kind: SyncKind, at: datetime, *, is_scheduled: bool
) -> Sync:
    connection = own_connections.locked(owner, connection_id)
    if not connection.is_enabled:
        raise ConnectionDisabled
    if working := connection.syncs.working().first():
        return working
    sync = Sync.objects.create(
        connection=connection,
        kind=kind,
        is_scheduled=is_scheduled,
        requested_at=at,
        seen_at=at,
    )
    connection.due_at = at + timedelta(seconds=settings.LIMITS.connection_sync_seconds)
    connection.save(update_fields=["due_at"])
    if not is_scheduled:
        audit.record(
            action="sync.requested",
            **target(connection),
            after={"sync_id": sync.id, "kind": kind.value},
            occurred_at=at,
        )
    transaction.on_commit(partial(_send, sync.id), robust=True)
    return sync


def _send(sync_id: UUID) -> None:
    from integrations.tasks import run_sync as task  # noqa: PLC0415 - tasks import us

    task.delay(sync_id=str(sync_id))


def request_due(*, at: datetime) -> int:
    """Ask for what the clock says is due, and end what nobody is at any more; return how many.

    A connection that needs its owner is left alone until he was there.
    """
    end_silent(at=at)
    due = Connection.objects.enabled().filter(
        is_scheduled=True, due_at__lte=at, sign_in_needed_since=None
    )
    count = 0
    for connection in due.exclude(account_id="").select_related("owner").order_by("due_at", "id"):
        request_sync(
            owner=connection.owner,
            connection_id=connection.id,
            kind=SyncKind.SYNC,
            requested_at=at,
            is_scheduled=True,
        )
        count += 1
    send_waiting(at=at)
    return count


def send_waiting(*, at: datetime) -> None:
    """Go on with what waited for its broker, and send again what was asked while Valkey was away.

    A second message finds the sync taken.
    """
    lost = Q(not_before=None, seen_at__lt=at - LOST)
    waiting = Sync.objects.filter(lost | Q(not_before__lte=at), status=SyncStatus.QUEUED)
    for sync_id in waiting.order_by("requested_at", "id").values_list("id", flat=True):
        _send(sync_id)


def end_silent(*, at: datetime) -> None:
    before = at - timedelta(seconds=settings.LIMITS.sync_silence_seconds)
    silent = Sync.objects.filter(status=SyncStatus.RUNNING, seen_at__lt=before)
    silent.update(status=SyncStatus.FAILED, finished_at=at, error_code="stale", error=SILENT)


def run_sync(sync_id: UUID, *, clock: Clock) -> None:
    """Do what was asked for, once, however often the message comes."""
    at = clock()
    due = Q(not_before=None) | Q(not_before__lte=at)
    taken = Sync.objects.filter(due, id=sync_id, status=SyncStatus.QUEUED)
    if not taken.update(status=SyncStatus.RUNNING, seen_at=at):
        return
    sync = Sync.objects.select_related("connection__portfolio", "connection__owner").get(id=sync_id)
    connection = sync.connection
    try:
        session = sign_in(connection)
        account = session.account()
        note_account(connection, account.id, at=clock())
        if sync.kind == SyncKind.SYNC:
            read_all(sync, session, clock=clock)
            positions = (
                session.positions()
                if Reading.POSITIONS in catalogue()[connection.broker].capabilities.reads
                else None
            )
            sync.differences = reconciling.reconcile(
                connection, positions=positions, cash=account.cash
            )
    except BrokerBusy as error:
        leave_for_later(sync, error, at=clock())
    except SignInNeeded as error:
        need_sign_in(connection, str(error), at=clock())
        finish(sync, at=clock(), error=error)
    except (BrokerError, VaultError) as error:
        finish(sync, at=clock(), error=error)
    except Exception:
        logger.exception("The sync %s failed.", sync_id)
        finish(sync, at=clock(), error=None, message=UNFORESEEN)
        raise
    else:
        complete(sync, at=clock())


def sign_in(connection: Connection) -> BrokerSession:
    """Raises:
    BrokerError: it does not let us in.
    VaultError: the credentials cannot be read.
    """
    if connection.portfolio.kind == PortfolioKind.PAPER:
        raise RequestInvalid("A paper portfolio never reaches a broker.")
    adapter = catalogue()[connection.broker]
    credential = own_connections.credential_of(connection)
    facts = vault.open_credential(credential)
    pacing = AccountPacing(connection.id, settings.LIMITS.broker_patience_seconds)
    line = Line(
        adapter.title,
        adapter.url_of(is_sandbox=connection.is_sandbox),
        pacing,
        connection_key=str(connection.id),
        kept=KeptSession(credential),
    )
    return adapter.sign_in(line, facts)


def note_account(connection: Connection, account_id: str, *, at: datetime) -> None:
    """Which account it is; another one than before is not read into the same books.

    Raises:
        RequestInvalid: the credentials are of another account.
    """
    if connection.account_id and connection.account_id != account_id:
        raise RequestInvalid(
            "These credentials are of another account than the one that was read before; add a"
            " connection of its own for it."
        )
    connection.account_id = account_id
    connection.sign_in_needed_since, connection.sign_in_reason = None, ""
    connection.save(update_fields=["account_id", "sign_in_needed_since", "sign_in_reason"])


def read_all(sync: Sync, session: BrokerSession, *, clock: Clock) -> None:
    """Page by page: kept at once, booked at the end, oldest first."""
    connection = sync.connection
    since = connection.read_through
    if since is not None:
        since -= timedelta(days=settings.LIMITS.sync_overlap_days)
    for page in unread_pages(sync, session, since=since):
        sync.rows_new += booking.keep(connection, page.activities)
        sync.pages, sync.resume = sync.pages + 1, page.resume
        sync.rows_read += len(page.activities)
        say(sync, at=clock())
    latest = connection.rows.aggregate(latest=Max("occurred_at"))["latest"]
    outcomes = booking.book(connection, at=clock())
    sync.rows_booked += outcomes[BrokerRowStatus.BOOKED]
    sync.rows_known += outcomes[BrokerRowStatus.KNOWN]
    # A clock of theirs that is ahead must not make us miss what comes after.
    connection.read_through = min(latest, clock()) if latest else None


def unread_pages(
    sync: Sync, session: BrokerSession, *, since: datetime | None
) -> Iterator[ActivityPage]:
    """From where this sync stopped; none where it had read all and only booking was left."""
    if sync.pages and not sync.resume:
        return iter(())
    return session.activities(since=since, resume=sync.resume)


def leave_for_later(sync: Sync, error: BrokerBusy, *, at: datetime) -> None:
    """Free the worker; the clock goes on with it where it stopped, for a day at most."""
    if at - sync.requested_at > timedelta(hours=settings.LIMITS.sync_hours):
        finish(sync, at=at, error=error)
        return
    sync.status, sync.seen_at = SyncStatus.QUEUED, at
    sync.not_before = at + timedelta(seconds=error.retry_after_seconds)
    sync.save()


def say(sync: Sync, *, at: datetime) -> None:
    """How far it is."""
    sync.seen_at = at
    sync.save(update_fields=["pages", "rows_read", "rows_new", "resume", "seen_at"])


def complete(sync: Sync, *, at: datetime) -> None:
    connection = sync.connection
    if sync.kind == SyncKind.SYNC:
        connection.synced_at = at
        connection.save(update_fields=["synced_at", "read_through"])
        sync.rows_waiting = connection.rows.filter(status=BrokerRowStatus.PROBLEM).count()
    sync.status, sync.finished_at, sync.seen_at = SyncStatus.COMPLETED, at, at
    sync.save()


def finish(sync: Sync, *, at: datetime, error: HoldfastError | None, message: str = "") -> None:
    sync.status, sync.finished_at, sync.seen_at = SyncStatus.FAILED, at, at
    sync.error_code = "unforeseen" if error is None else error.code
    sync.error = (message or str(error))[:ERROR_CHARACTERS]
    sync.save()
