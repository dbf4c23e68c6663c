"""Who did what, when and from where, written in the transaction of what was done.

An operation calls ``record`` and names what it changed. Who acts, from which address and in which
request is not passed through the layers: the entry point has left it in a context variable, and it
is read only when something is recorded, so a request that changes nothing pays nothing for it.

``docs/audit.md`` lists every action; a test finds those that are missing there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar, Token
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from accounts.models import AuditEvent

# Words that no name in ``before`` or ``after`` may hold: what they stand for is nobody's to read.
SECRET_WORDS: Final = frozenset({"password", "secret", "otp", "seed", "hash", "credentials"})


class Via(StrEnum):
    PAGE = "page"
    API = "api"
    SOCKET = "socket"
    ADMIN = "admin"
    TASK = "task"
    COMMAND = "command"


@dataclass(frozen=True, slots=True)
class Origin:
    """Who acts, and from where."""

    via: Via
    actor_id: UUID | None = None  # None where nobody has signed in, and where a program acts
    key_id: UUID | None = None  # of the API key, or of the sign-in that a token came from
    address: str = ""
    request_id: str = ""  # of a task, the task's id


FindOrigin = Callable[[], Origin]

# What no entry point has announced was started by hand: a command, a shell.
COMMAND: Final = Origin(Via.COMMAND)
_find_origin: ContextVar[FindOrigin] = ContextVar("find_origin", default=lambda: COMMAND)


class NotInTransaction(RuntimeError):
    """An event would be kept although what it tells of may be undone, or the other way round."""


def enter(find_origin: FindOrigin) -> Token[FindOrigin]:
    """Announce who acts from here on; ``leave`` takes it back, which threads that serve again need.

    Args:
        find_origin: asked at each event, because somebody may sign in half way.
    """
    return _find_origin.set(find_origin)


def leave(token: Token[FindOrigin]) -> None:
    _find_origin.reset(token)


@contextmanager
def acting(origin: Origin) -> Iterator[None]:
    """Announce who acts within a block."""
    token = enter(lambda: origin)
    try:
        yield
    finally:
        leave(token)


def current_origin() -> Origin:
    return _find_origin.get()()


def record(
    *,
    action: str,
    owner_id: UUID | None,
    target: str,
    target_id: str,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    occurred_at: datetime,
    actor_id: UUID | None = None,
) -> None:
    """Write down an event; one INSERT, inside the caller's transaction.

    Args:
        action: what was done, ``noun.past_participle``.
        owner_id: whose matter it is, who may read it; None where it is staff's alone.
        target: the kind of thing, such as ``api_key``.
        before: facts that changed, as they were; None where the thing is new.
        after: the same facts as they are; None where it is gone. Never a secret.
        actor_id: where the origin cannot know, as while somebody signs in.

    Raises:
        NotInTransaction: there is no transaction around.
        ValueError: a name in ``before`` or ``after`` speaks of a secret.
        TypeError: a value in them has no plain form.
    """
    if not transaction.get_connection().in_atomic_block:
        raise NotInTransaction(f"{action} must be recorded in the transaction of its effect.")
    origin = current_origin()
    AuditEvent.objects.create(
        occurred_at=occurred_at,
        action=action,
        owner_id=owner_id,
        actor_id=actor_id or origin.actor_id,
        actor_key_id=origin.key_id,
        target=target,
        target_id=target_id,
        before=None if before is None else _facts(before),
        after=None if after is None else _facts(after),
        via=origin.via.value,
        address=origin.address,
        request_id=origin.request_id,
    )


def changes(
    before: Mapping[str, Any], after: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Only those facts that differ, as they were and as they are."""
    names = [name for name in after if before.get(name) != after[name]]
    return {name: before.get(name) for name in names}, {name: after[name] for name in names}


def _facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    for name in facts:
        if SECRET_WORDS & set(name.lower().split("_")):
            raise ValueError(f"{name} may not be recorded.")
    return {name: _plain(value) for name, value in facts.items()}


def _plain(value: Any) -> Any:
    """Exact decimals and times as text, whatever JSON has as it is."""
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, (str, UUID)):
        return str(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted(_plain(item) for item in value)
    raise TypeError(f"{value!r} has no plain form; record text, numbers, times or lists of them.")
