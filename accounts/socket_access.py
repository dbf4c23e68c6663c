"""Who has lost access while his socket is open."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Self
from uuid import UUID

from django.contrib.sessions.models import Session

from accounts.auth import Caller
from accounts.models import ApiKey, TokenFamily, User


@dataclass(frozen=True, slots=True)
class SocketHolder:
    """What a socket was opened with, in so few bytes that thousands can be kept."""

    user_id: UUID
    key_id: UUID | None = None  # of the key, or of a program's sign-in
    session_key: str | None = None
    password: bytes | None = None  # digest of what a sign-in goes by; None for a key

    @classmethod
    def of_caller(cls, caller: Caller) -> Self:
        user = caller.user
        return cls(
            user_id=user.id,
            key_id=caller.key_id,
            session_key=caller.session_key,
            password=digest(user.password) if caller.is_sign_in else None,
        )


def digest(password: str) -> bytes:
    return hashlib.sha256(password.encode()).digest()[:16]


def shut_out(holders: Collection[SocketHolder], *, at: datetime) -> set[SocketHolder]:
    """Those that may not be served any more; at most four queries for all of them.

    A key ends by revocation and expiry, a program's sign-in by revocation, a browser's by its
    session, both sign-ins by a new password, and everything with the user himself.
    """
    keys = live_keys({holder.key_id for holder in holders if holder.key_id}, at=at)
    sessions = live_sessions({holder.session_key for holder in holders if holder.session_key}, at)
    active = User.objects.filter(id__in={holder.user_id for holder in holders}, is_active=True)
    passwords = {user_id: digest(text) for user_id, text in active.values_list("id", "password")}
    return {
        holder
        for holder in holders
        if holder.user_id not in passwords
        or (holder.key_id is not None and holder.key_id not in keys)
        or (holder.session_key is not None and holder.session_key not in sessions)
        or (holder.password is not None and holder.password != passwords[holder.user_id])
    }


def tiers_of(user_ids: Collection[UUID]) -> dict[UUID, str]:
    """The tier of each user, as it is now."""
    return dict(User.objects.filter(id__in=user_ids).values_list("id", "tier"))


def live_keys(key_ids: set[UUID], *, at: datetime) -> set[UUID]:
    if not key_ids:
        return set()
    live = set(ApiKey.objects.live(at).filter(id__in=key_ids).values_list("id", flat=True))
    if rest := key_ids - live:
        families = TokenFamily.objects.filter(id__in=rest, revoked_at=None)
        live |= set(families.values_list("id", flat=True))
    return live


def live_sessions(session_keys: set[str], at: datetime) -> set[str]:
    if not session_keys:
        return set()
    rows = Session.objects.filter(session_key__in=session_keys, expire_date__gt=at)
    return set(rows.values_list("session_key", flat=True))
