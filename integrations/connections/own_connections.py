"""A user's connections: added, changed, signed in to again, disabled, deleted.

Adding a connection speaks to nobody: whether the credentials are good, a verification says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts import audit
from accounts.errors import NotFound, Problem
from accounts.identifiers import new_id
from accounts.models import User
from integrations.brokers.adapters import Adapter, catalogue
from integrations.connections.audited import facts_of, target
from integrations.connections.disarming import DISABLED, NEW_CREDENTIALS, disarm
from integrations.connections.errors import ConnectionBusy, ConnectionRefused
from integrations.connections.terms import (
    find_choice_problems,
    find_credential_problems,
    find_name_problems,
    find_portfolio_problems,
)
from integrations.models import Connection, Credential
from integrations.vault import credentials as vault
from integrations.vault.envelopes import Binding, Envelope


@dataclass(frozen=True, slots=True, kw_only=True)
class NewConnection:
    """``credentials`` by the names of the broker's fields."""

    broker: str
    portfolio_id: UUID
    name: str = ""
    is_sandbox: bool = False
    is_scheduled: bool = True
    credentials: Mapping[str, str] = field(default_factory=dict, repr=False)
    master_password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionChange:
    """What is None stays as it is. ``symbols`` adds to the choices; an empty one takes it back."""

    name: str | None = None
    is_scheduled: bool | None = None
    is_enabled: bool | None = None
    symbols: Mapping[str, str] | None = None
    credentials: Mapping[str, str] | None = field(default=None, repr=False)
    master_password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class SealedConnection:
    """Terms in which nothing is wrong, and their credentials, of which nothing can be read."""

    owner: User
    terms: NewConnection = field(repr=False)
    adapter: Adapter
    binding: Binding
    envelope: Envelope


def add_connection(*, owner: User, terms: NewConnection, added_at: datetime) -> Connection:
    """Seal, then keep.

    Raises:
        ConnectionRefused: ``problems`` names each reason.
        VaultUnavailable: the credentials cannot be kept.
    """
    return keep_connection(seal_connection(owner=owner, terms=terms), added_at=added_at)


def seal_connection(*, owner: User, terms: NewConnection) -> SealedConnection:
    """Judge the terms and seal their credentials; may ask a server that keeps keys, so it belongs
    before a transaction.

    Raises:
        ConnectionRefused: ``problems`` names each reason.
        VaultUnavailable: the credentials cannot be kept.
    """
    adapter = catalogue().get(terms.broker)
    if adapter is None:
        message = f"broker was {terms.broker[:40]!r}, must be one of {', '.join(catalogue())}"
        raise ConnectionRefused([Problem("broker", "unknown", message)])
    problems = [
        *find_portfolio_problems(owner, terms.portfolio_id),
        *find_name_problems(terms.name),
        *find_credential_problems(adapter, terms.credentials),
    ]
    if terms.is_sandbox and not adapter.capabilities.has_sandbox:
        problems.append(Problem("is_sandbox", "unsupported", f"{adapter.title} has no sandbox."))
    if problems:
        raise ConnectionRefused(problems)
    binding = Binding(owner.id, new_id())
    envelope = vault.seal_facts(
        terms.credentials, binding=binding, master_password=terms.master_password
    )
    return SealedConnection(owner, terms, adapter, binding, envelope)


@transaction.atomic
def keep_connection(sealed: SealedConnection, *, added_at: datetime) -> Connection:
    """Raises:
    ConnectionRefused: the owner has as many as he may.
    """
    owner, terms = sealed.owner, sealed.terms
    User.objects.select_for_update(no_key=True).get(id=owner.id)
    allowed: int = settings.LIMITS.connections_per_user
    if Connection.objects.for_user(owner).count() >= allowed:
        message = f"You may have {allowed} connections."
        raise ConnectionRefused([Problem("", "too_many", message)])
    made = Connection.objects.create(
        id=sealed.binding.connection_id,
        owner=owner,
        portfolio_id=terms.portfolio_id,
        broker=sealed.adapter.name,
        name=terms.name.strip() or sealed.adapter.title,
        is_sandbox=terms.is_sandbox,
        is_scheduled=terms.is_scheduled,
        created_at=added_at,
        due_at=added_at + timedelta(seconds=settings.LIMITS.connection_sync_seconds),
    )
    vault.store_credential(sealed.envelope, binding=sealed.binding, stored_at=added_at)
    audit.record(
        action="connection.added",
        **target(made),
        before=None,
        after=facts_of(made),
        occurred_at=added_at,
    )
    return made


def change_connection(
    *, owner: User, connection_id: UUID, change: ConnectionChange, changed_at: datetime
) -> Connection:
    """Change what is given. New credentials take the place of all former ones.

    Raises:
        ConnectionRefused: ``problems`` names each reason.
        NotFound: the owner has no such connection.
        VaultUnavailable: the credentials cannot be kept.
    """
    found = find(owner, connection_id)
    problems = find_name_problems(change.name or "")
    if change.credentials is not None:
        problems += find_credential_problems(catalogue()[found.broker], change.credentials)
    problems += find_choice_problems({**found.symbols, **(change.symbols or {})})
    if problems:
        raise ConnectionRefused(problems)
    envelope = None
    binding = Binding(owner.id, found.id)
    if change.credentials is not None:
        envelope = vault.seal_facts(
            change.credentials, binding=binding, master_password=change.master_password
        )
    with transaction.atomic():
        connection = locked(owner, connection_id)
        before = facts_of(connection)
        apply(connection, change, at=changed_at)
        if envelope is not None:
            vault.store_credential(envelope, binding=binding, stored_at=changed_at)
            connection.sign_in_needed_since, connection.sign_in_reason = None, ""
            disarm(connection, because=NEW_CREDENTIALS, at=changed_at)
        if not connection.is_enabled:
            disarm(connection, because=DISABLED, at=changed_at)
        connection.save()
        if (after := facts_of(connection)) != before:
            differing, told = audit.changes(before, after)
            audit.record(
                action="connection.changed",
                **target(connection),
                before=differing,
                after=told,
                occurred_at=changed_at,
            )
    return connection


def apply(connection: Connection, change: ConnectionChange, *, at: datetime) -> None:
    if change.name is not None:
        connection.name = change.name.strip() or connection.name
    if change.is_scheduled is not None:
        connection.is_scheduled = change.is_scheduled
    if change.is_enabled is not None and change.is_enabled != connection.is_enabled:
        connection.disabled_at = None if change.is_enabled else at
    if change.symbols is not None:
        chosen = {**connection.symbols, **change.symbols}
        connection.symbols = {word: address for word, address in chosen.items() if address}


def find(owner: User, connection_id: UUID) -> Connection:
    """Raises:
    NotFound: the owner has no such connection.
    """
    found = Connection.objects.for_user(owner).filter(id=connection_id).first()
    if found is None:
        raise NotFound("There is no such connection.")
    return found


def locked(owner: User, connection_id: UUID) -> Connection:
    """Raises:
    NotFound: the owner has no such connection.
    """
    rows = Connection.objects.for_user(owner).select_for_update(no_key=True)
    found = rows.filter(id=connection_id).first()
    if found is None:
        raise NotFound("There is no such connection.")
    return found


def unlock(
    *, owner: User, connection_id: UUID, master_password: str, unlocked_at: datetime
) -> None:
    """Let the desk use credentials that have a master password, for some hours.

    Raises:
        MasterPasswordWrong: it was another.
        NotFound: the owner has no such connection.
        VaultError: they cannot be read.
    """
    credential = credential_of(find(owner, connection_id))
    vault.unlock(credential, master_password=master_password, at=unlocked_at)


def credential_of(connection: Connection) -> Credential:
    return Credential.objects.get(connection_id=connection.id, owner_id=connection.owner_id)


def refuse_busy(connection: Connection) -> None:
    """Raises:
    ConnectionBusy: a sync is under way.
    """
    if connection.syncs.filter(status="running").exists():
        raise ConnectionBusy
