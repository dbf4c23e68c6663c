"""Refresh tokens: opaque texts, each good for one exchange.

An exchange gives a new token and ends the old one. Whoever comes with an ended one has a copy,
so the whole family ends, thief and owner alike. One case is innocent: two threads of a program
exchange the same token at once. The one that comes second, within ten seconds and while the
winner's token is still the newest, is told so and nothing ends.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction

from accounts import audit
from accounts.access_tokens import is_password_unchanged, issue_access_token
from accounts.errors import AccountsError
from accounts.models import RefreshToken, TokenFamily, User

PREFIX: Final = "hf_refresh_"
SECRET_BYTES: Final = 32


class RefreshRefused(AccountsError):
    """The refresh token is unknown, expired, revoked, or was used before."""

    code = "refresh_refused"

    def __init__(self) -> None:
        super().__init__("This refresh token does not open the door; sign in again.")


class JustRefreshed(AccountsError):
    """Somebody exchanged the same token a moment ago and has the next one."""

    code = "just_refreshed"

    def __init__(self) -> None:
        super().__init__("This refresh token was exchanged a moment ago; use the answer of that.")


@dataclass(frozen=True, slots=True)
class TokenPair:
    """What a program gets. Both texts are kept nowhere else."""

    access_token: str
    refresh_token: str
    refresh_expires_at: datetime


@transaction.atomic
def start_family(*, owner: User, started_at: datetime) -> TokenPair:
    """Give a user's program its first tokens; that he is who he says was checked before."""
    family = TokenFamily.objects.create(
        owner=owner, session_hash=owner.get_session_auth_hash(), created_at=started_at
    )
    _, pair = add_token(family, at=started_at)
    audit.record(
        action="token.issued",
        owner_id=owner.id,
        target="token_family",
        target_id=str(family.id),
        occurred_at=started_at,
        actor_id=owner.id,
    )
    return pair


def refresh(*, text: str, refreshed_at: datetime) -> TokenPair:
    """Exchange a refresh token for a new pair.

    Raises:
        JustRefreshed: the same token was exchanged within ``LIMITS.refresh_grace_seconds``, and
            its successor is the newest of the family. Nothing changes.
        RefreshRefused: anything else but the newest token. A used one has ended its family.
    """
    with transaction.atomic():
        token = lock_token(text)
        family = None if token is None else token.family
        if token is None or family is None or not is_open(family):
            raise RefreshRefused
        if token.child is None:
            if token.expires_at <= refreshed_at:
                raise RefreshRefused
            token.child, pair = add_token(family, at=refreshed_at)
            token.save(update_fields=["child"])
            return pair
        if is_race(token.child, at=refreshed_at):
            raise JustRefreshed
        end_family(family, at=refreshed_at)
        # Thief or owner came with it: nobody knows, so nobody stands there.
        audit.record(
            action="token.reused",
            owner_id=family.owner_id,
            target="token_family",
            target_id=str(family.id),
            after={"revoked_at": refreshed_at},
            occurred_at=refreshed_at,
        )
    # Outside, because an exception inside would undo the end.
    raise RefreshRefused


@transaction.atomic
def revoke(*, text: str, revoked_at: datetime) -> None:
    """End the family of a token, old or new. An unknown text changes nothing (RFC 7009)."""
    token = lock_token(text)
    if token is not None and token.family.revoked_at is None:
        end_family(token.family, at=revoked_at)
        audit.record(
            action="token.revoked",
            owner_id=token.family.owner_id,
            target="token_family",
            target_id=str(token.family_id),
            after={"revoked_at": revoked_at},
            occurred_at=revoked_at,
            actor_id=token.family.owner_id,
        )


def lock_token(text: str) -> RefreshToken | None:
    """Find a token, its family locked, so that two exchanges of one family follow each other."""
    digest = hash_text(text)
    family_id = (
        RefreshToken.objects.filter(secret_hash=digest).values_list("family_id", flat=True).first()
    )
    if family_id is None:
        return None
    family = (
        TokenFamily.objects.select_for_update(of=("self",), no_key=True)
        .select_related("owner")
        .filter(id=family_id)
        .first()
    )
    # Read after the lock: a winner may have put a child here while we waited.
    token = RefreshToken.objects.select_related("child").filter(secret_hash=digest).first()
    if family is None or token is None:
        return None
    token.family = family
    return token


def is_open(family: TokenFamily) -> bool:
    return family.revoked_at is None and family.owner.is_active and is_password_unchanged(family)


def is_race(child: RefreshToken, *, at: datetime) -> bool:
    """Whether a used token comes again so soon that it is its own program's doing."""
    grace = timedelta(seconds=settings.LIMITS.refresh_grace_seconds)
    return child.child_id is None and at - child.created_at <= grace


def add_token(family: TokenFamily, *, at: datetime) -> tuple[RefreshToken, TokenPair]:
    text = PREFIX + secrets.token_urlsafe(SECRET_BYTES)
    token = RefreshToken.objects.create(
        family=family,
        secret_hash=hash_text(text),
        created_at=at,
        expires_at=at + timedelta(days=settings.LIMITS.refresh_token_days),
    )
    access_token = issue_access_token(family, issued_at=at)
    return token, TokenPair(access_token, text, token.expires_at)


def end_family(family: TokenFamily, *, at: datetime) -> None:
    family.revoked_at = at
    family.save(update_fields=["revoked_at"])


def hash_text(text: str) -> bytes:
    """One SHA-256 is enough: the text has 256 random bits."""
    return hashlib.sha256(text.encode(errors="replace")).digest()


def forget_expired(*, now: datetime) -> int:
    """Drop families whose newest token has expired; return how many."""
    gone = TokenFamily.objects.exclude(tokens__expires_at__gt=now)
    return gone.delete()[1].get("accounts.TokenFamily", 0)
