"""Where a user is signed in by browser: seen, listed, and ended from elsewhere.

A session lives while Django's session store holds it and the user's password is the one it was
opened with. allauth's row beside it says whose it is and from where; without a session it means
nothing.
"""

from __future__ import annotations

import ipaddress
import threading
import time
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from allauth.core.internal.httpkit import HTTP_USER_AGENT_MAX_LENGTH
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.cached_db import SessionStore
from django.contrib.sessions.models import Session
from django.db import transaction
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from accounts import audit
from accounts.browsers import browser_name
from accounts.errors import NotFound
from accounts.http import client_address
from accounts.models import User

NOTED_MAXIMUM: Final = 10_000
NO_ADDRESS: Final = "0.0.0.0"  # noqa: S104 - stands for "unknown", nobody listens there  # nosec B104


@dataclass(frozen=True, slots=True)
class BrowserSession:
    """A line of the list."""

    id: int
    browser: str
    address: str
    began_at: datetime
    seen_at: datetime
    is_current: bool


class SeenMemory:
    """When each session was last noted by this process, so that not every request writes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._noted: dict[str, float] = {}  # monotonic

    def is_due(self, session_key: str) -> bool:
        """Whether this request should note the session; true for one of many at once."""
        now = time.monotonic()
        with self._lock:
            noted = self._noted.get(session_key)
            if noted is not None and now - noted < settings.LIMITS.session_seen_seconds:
                return False
            if len(self._noted) >= NOTED_MAXIMUM:
                self._noted.clear()
            self._noted[session_key] = now
            return True

    def forget(self) -> None:
        with self._lock:
            self._noted.clear()


memory: Final = SeenMemory()


def note_seen(request: HttpRequest, *, at: datetime) -> None:
    """Write down whose session this is and from where it was just used."""
    row = UserSession(
        session_key=request.session.session_key,
        user=request.user,
        ip=address_of(request),
        user_agent=request.META.get("HTTP_USER_AGENT", "")[:HTTP_USER_AGENT_MAX_LENGTH],
        created_at=at,
        last_seen_at=at,
    )
    # One statement, so that two requests of one page do not trip over each other.
    UserSession.objects.bulk_create(
        [row],
        update_conflicts=True,
        unique_fields=["session_key"],
        update_fields=["user", "ip", "user_agent", "last_seen_at"],
    )


def address_of(request: HttpRequest) -> str:
    address = client_address(request)
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:  # a local socket has none
        return NO_ADDRESS


def list_sessions(user: User, *, current_key: str | None, at: datetime) -> list[BrowserSession]:
    """The living sessions of a user: this one first, then by when they were seen, newest first."""
    rows = list(UserSession.objects.filter(user=user).order_by("-last_seen_at", "-id"))
    ended = find_ended({row.session_key for row in rows}, at=at)
    living = [row for row in rows if row.session_key not in ended]
    living.sort(key=lambda row: row.session_key != current_key)
    return [
        BrowserSession(
            id=row.pk,
            browser=browser_name(row.user_agent),
            address="" if row.ip == NO_ADDRESS else row.ip,
            began_at=row.created_at,
            seen_at=row.last_seen_at,
            is_current=row.session_key == current_key,
        )
        for row in living
    ]


@transaction.atomic
def end_session(*, session_id: int, owner: User, ended_at: datetime) -> None:
    """Sign a device out. It is shut out with its next request, and its sockets within a second.

    Raises:
        NotFound: the owner has no such session.
    """
    row = UserSession.objects.select_for_update().filter(user=owner, pk=session_id).first()
    if row is None:
        raise NotFound("There is no such session.")
    _end([row], at=ended_at)


@transaction.atomic
def end_other_sessions(*, owner: User, kept_key: str, ended_at: datetime) -> int:
    """Sign the user out everywhere but where the kept session is; return from how many places."""
    others = UserSession.objects.select_for_update().filter(user=owner)
    rows = list(others.exclude(session_key=kept_key).order_by("id"))
    living = {row.session_key for row in rows}
    count = len(living - find_ended(living, at=ended_at))
    _end(rows, at=ended_at)
    return count


def _end(rows: Sequence[UserSession], *, at: datetime) -> None:
    for row in rows:
        audit.record(
            action="device.signed_out",
            owner_id=row.user_id,
            target="session",
            target_id=str(row.pk),
            before={"browser": browser_name(row.user_agent), "address": row.ip},
            occurred_at=at,
        )
    keys = [row.session_key for row in rows]
    Session.objects.filter(session_key__in=keys).delete()
    UserSession.objects.filter(session_key__in=keys).delete()
    transaction.on_commit(lambda: forget_cached(keys))


def forget_cached(session_keys: Iterable[str]) -> None:
    """Sessions are read from the cache first, so there they must go as well."""
    for key in session_keys:
        SessionStore().delete(key)


def find_ended(session_keys: AbstractSet[str], *, at: datetime) -> set[str]:
    """Those of the sessions that open nothing any more: signed out, expired, another password,
    a user switched off. Two queries, however many there are.

    Whoever holds something open for a session asks this now and then.
    """
    if not session_keys:
        return set()
    found = Session.objects.filter(session_key__in=session_keys, expire_date__gt=at)
    contents = {session.session_key: session.get_decoded() for session in found}
    user_ids = {content[SESSION_KEY] for content in contents.values() if SESSION_KEY in content}
    users = {str(user.pk): user for user in User.objects.filter(pk__in=map(UUID, user_ids))}
    living = {
        key
        for key, content in contents.items()
        if opens_the_door(content, users.get(content.get(SESSION_KEY, "")))
    }
    return set(session_keys) - living


def opens_the_door(content: dict[str, Any], user: User | None) -> bool:
    """What Django asks of each request: an active user, and his password's hash in the session."""
    if user is None or not user.is_active or BACKEND_SESSION_KEY not in content:
        return False
    kept = content.get(HASH_SESSION_KEY, "")
    hashes = (user.get_session_auth_hash(), *user.get_session_auth_fallback_hash())
    return any(constant_time_compare(kept, current) for current in hashes)


def forget_ended(*, now: datetime) -> int:
    """Remove expired sessions and the rows that no session stands behind; return how many rows."""
    SessionStore.clear_expired()
    alive = Session.objects.filter(expire_date__gt=now).values("session_key")
    count, _ = UserSession.objects.exclude(session_key__in=alive).delete()
    return int(count)
