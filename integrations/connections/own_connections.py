"""A user's connections: added, changed, signed in to again, disabled, deleted.

Adding a connection speaks to nobody: whether the credentials are good, a verification says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts import audit
from accounts.errors import NotFound, Problem
from accounts.identifiers import new_id
from accounts.models import User
from integrations.brokers.adapters import Adapter, catalogue
from integrations.connections.errors import ConnectionBusy, ConnectionRefused
from integrations.models import Connection, Credential
from integrations.vault import credentials as vault
from integrations.vault.envelopes import Binding, Envelope
from portfolio.models import Portfolio, PortfolioKind

NAME_CHARACTERS: Final = 80
SECRET_CHARACTERS: Final = 4_000
CHOICES_MAXIMUM: Final = 500


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


def find_portfolio_problems(owner: User, portfolio_id: UUID) -> list[Problem]:
    """Only own tracked portfolios: what a paper portfolio does never concerns a broker."""
    portfolio = Portfolio.objects.for_user(owner).filter(id=portfolio_id).first()
    if portfolio is None or portfolio.owner_id != owner.id:
        return [Problem("portfolio_id", "unknown", "There is no such portfolio of yours.")]
    if portfolio.kind == PortfolioKind.PAPER:
        message = "A paper portfolio is never connected to a broker; choose a tracked one."
        return [Problem("portfolio_id", "not_for_paper", message)]
    return []


def find_name_problems(name: str) -> list[Problem]:
    if len(name) > NAME_CHARACTERS:
        message = f"name had {len(name)} characters, may have {NAME_CHARACTERS}"
        return [Problem("name", "too_long", message)]
    if "\x00" in name:
        return [Problem("name", "invalid", "name held a character that is no text")]
    return []


def find_credential_problems(adapter: Adapter, given: Mapping[str, str]) -> list[Problem]:
    """Names only: nothing of what was entered is ever repeated."""
    problems = []
    known = {one.name: one for one in adapter.credentials}
    for name in sorted(given.keys() - known.keys()):
        message = f"{adapter.title} has no {name[:40]!r}; it needs {', '.join(known)}"
        problems.append(Problem(f"credentials.{name[:40]}", "unknown", message))
    for name, one in known.items():
        text = given.get(name, "")
        if one.is_required and not text.strip():
            problems.append(Problem(f"credentials.{name}", "required", f"{one.label} is missing."))
        elif len(text) > SECRET_CHARACTERS or not text.isprintable():
            message = f"{one.label} must be one line of at most {SECRET_CHARACTERS} characters."
            problems.append(Problem(f"credentials.{name}", "invalid", message))
    return problems


def find_choice_problems(symbols: Mapping[str, str]) -> list[Problem]:
    if len(symbols) > CHOICES_MAXIMUM:
        message = f"symbols may name {CHOICES_MAXIMUM} instruments"
        return [Problem("symbols", "too_many", message)]
    if any("\x00" in word or len(word) > 160 for pair in symbols.items() for word in pair):
        return [Problem("symbols", "invalid", "symbols held something that is no symbol")]
    return []


def facts_of(connection: Connection) -> dict[str, Any]:
    names = ("name", "broker", "portfolio_id", "is_sandbox", "is_scheduled", "disabled_at")
    return {name: getattr(connection, name) for name in names} | {
        "chosen_symbols": [f"{word} = {address}" for word, address in connection.symbols.items()]
    }


def target(connection: Connection) -> dict[str, Any]:
    return {
        "owner_id": connection.owner_id,
        "target": "connection",
        "target_id": str(connection.id),
    }
