"""Keys of programs: ``hf_live_<lookup>_<secret>_<crc>``.

``lookup`` finds the row, ``secret`` opens it, ``crc`` tells a mistyped key from a wrong one
without asking the database. The secret has 256 random bits, so one SHA-256 of it is as hard to
turn back as the secret is to guess, and a slow hash would only slow every request.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import string
import zlib
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts import audit
from accounts.errors import AccountsError, NotFound, Problem, ProblemsError
from accounts.models import ApiKey, User
from accounts.networks import BadNetwork, read_network
from accounts.tiers import Tier

PREFIX: Final = "hf_live_"
ALPHABET: Final = string.ascii_letters + string.digits
LOOKUP_LENGTH: Final = 12
SECRET_LENGTH: Final = 43  # 62 ** 43 is just over 2 ** 256
NAME_LENGTH: Final = 80
SHAPE: Final = re.compile(
    rf"{PREFIX}([A-Za-z0-9]{{{LOOKUP_LENGTH}}})_([A-Za-z0-9]{{{SECRET_LENGTH}}})_([0-9a-f]{{8}})"
)


class Scope(StrEnum):
    READ = "read"
    TRADE = "trade"  # everything that creates, moves or changes
    ADMIN = "admin"  # the instrument master and price files; the owner must be an admin too


class KeyRefused(ProblemsError):
    """The key was not made; ``problems`` says why."""

    code = "key_refused"


class KeyEnded(AccountsError):
    """The key is expired or revoked."""

    code = "key_ended"


@transaction.atomic
def issue_key(
    *,
    owner: User,
    name: str,
    scopes: Iterable[str],
    portfolio_ids: Sequence[UUID] = (),
    networks: Sequence[str] = (),
    expires_at: datetime | None = None,
    created_at: datetime,
) -> tuple[ApiKey, str]:
    """Make a key and return it with its text, which is kept nowhere else.

    Args:
        portfolio_ids: the only ones the key may use, checked to be the owner's; empty means all.
        networks: the only addresses and networks the key may be used from; empty means all.

    Raises:
        KeyRefused: name, scopes, networks or expiry will not do; ``problems`` says why.
    """
    wanted = sorted(set(scopes))
    bound_to, problems = read_networks(networks)
    problems += find_problems(
        owner=owner, name=name, scopes=wanted, expires_at=expires_at, created_at=created_at
    )
    if problems:
        raise KeyRefused(problems)
    lookup, secret = random_text(LOOKUP_LENGTH), random_text(SECRET_LENGTH)
    key = ApiKey.objects.create(
        owner=owner,
        name=name.strip(),
        lookup=lookup,
        secret_hash=hash_secret(secret),
        scopes=wanted,
        portfolio_ids=list(portfolio_ids),
        networks=bound_to,
        expires_at=expires_at,
        created_at=created_at,
    )
    note_new_key(key)
    return key, f"{PREFIX}{lookup}_{secret}_{checksum(lookup, secret)}"


def note_new_key(key: ApiKey) -> None:
    facts = ("name", "lookup", "scopes", "portfolio_ids", "networks", "expires_at")
    audit.record(
        action="api_key.created",
        owner_id=key.owner_id,
        target="api_key",
        target_id=str(key.id),
        after={fact: getattr(key, fact) for fact in facts},
        occurred_at=key.created_at,
    )


def find_problems(
    *,
    owner: User,
    name: str,
    scopes: Sequence[str],
    expires_at: datetime | None,
    created_at: datetime,
) -> list[Problem]:
    """What is wrong with a key that is to be made; networks and portfolios are judged elsewhere."""
    problems = []
    if not 1 <= len(name.strip()) <= NAME_LENGTH:
        message = f"name had {len(name.strip())} characters, must have 1 to {NAME_LENGTH}."
        problems.append(Problem("name", "length", message))
    unknown = [scope for scope in scopes if scope not in list(Scope)]
    if unknown or not scopes:
        found = ", ".join(unknown) if unknown else "nothing"
        message = f"scopes held {found}, must be one or more of {', '.join(Scope)}."
        problems.append(Problem("scopes", "unknown_scope", message))
    if Scope.ADMIN in scopes and owner.tier != Tier.ADMIN:
        message = "The admin scope is for administrators only."
        problems.append(Problem("scopes", "not_an_admin", message))
    if expires_at is not None and expires_at <= created_at:
        message = f"expires_at was {expires_at.isoformat()}, must lie in the future."
        problems.append(Problem("expires_at", "past", message))
    return problems


def read_networks(texts: Sequence[str]) -> tuple[list[str], list[Problem]]:
    """The networks in canonical form, each once, and what is wrong with the list."""
    found: dict[str, None] = {}
    problems = []
    for text in texts:
        try:
            found[read_network(text)] = None
        except BadNetwork as error:
            problems.append(Problem("allowed_networks", "not_a_network", str(error)))
    if len(found) > settings.LIMITS.key_networks:
        message = f"There were {len(found)} networks, {settings.LIMITS.key_networks} are possible."
        problems.append(Problem("allowed_networks", "too_many", message))
    return list(found), problems


def authenticate_key(text: str, *, at: datetime) -> ApiKey | None:
    """Find the key that a text is, with its owner; ``None`` unless it opens the door now.

    One indexed query; none where the text cannot be a key.
    """
    shape = SHAPE.fullmatch(text)
    if shape is None:
        return None
    lookup, secret, crc = shape.groups()
    if checksum(lookup, secret) != crc:
        return None
    key = ApiKey.objects.select_related("owner").filter(lookup=lookup).first()
    if key is None or not hmac.compare_digest(bytes(key.secret_hash), hash_secret(secret)):
        return None
    is_expired = key.expires_at is not None and key.expires_at <= at
    return None if key.revoked_at or is_expired or not key.owner.is_active else key


@transaction.atomic
def rotate_key(
    *, key_id: UUID, owner: User, overlap: timedelta, rotated_at: datetime
) -> tuple[ApiKey, str]:
    """Make a key that may do the same, and let the former live on for the overlap at most.

    A key that expires is followed by one that lasts as long as it did.

    Raises:
        NotFound: the owner has no such key.
        KeyEnded: it no longer opens the door, so there is nothing to follow.
        KeyRefused: the owner may no longer have such a key.
    """
    former = ApiKey.objects.select_for_update().filter(owner=owner, id=key_id).first()
    if former is None:
        raise NotFound("There is no such key.")
    if former.revoked_at or (former.expires_at and former.expires_at <= rotated_at):
        raise KeyEnded("The key is expired or revoked; make a new one.")
    lifetime = former.expires_at and former.expires_at - former.created_at
    made = issue_key(
        owner=owner,
        name=former.name,
        scopes=former.scopes,
        portfolio_ids=former.portfolio_ids,
        networks=former.networks,
        expires_at=rotated_at + lifetime if lifetime else None,
        created_at=rotated_at,
    )
    ends_at = rotated_at + overlap
    expired_at, former.expires_at = former.expires_at, min(ends_at, former.expires_at or ends_at)
    former.save(update_fields=["expires_at"])
    audit.record(
        action="api_key.rotated",
        owner_id=owner.id,
        target="api_key",
        target_id=str(former.id),
        before={"expires_at": expired_at},
        after={"expires_at": former.expires_at, "followed_by": made[0].id},
        occurred_at=rotated_at,
    )
    return made


@transaction.atomic
def revoke_key(*, key_id: UUID, owner: User, revoked_at: datetime) -> ApiKey:
    """Close a key for good. Repeating it keeps the first time.

    Raises:
        NotFound: the owner has no such key.
    """
    key = ApiKey.objects.select_for_update(no_key=True).filter(owner=owner, id=key_id).first()
    if key is None:
        raise NotFound("There is no such key.")
    if key.revoked_at is None:
        key.revoked_at = revoked_at
        key.save(update_fields=["revoked_at"])
        audit.record(
            action="api_key.revoked",
            owner_id=owner.id,
            target="api_key",
            target_id=str(key.id),
            before={"revoked_at": None},
            after={"revoked_at": revoked_at},
            occurred_at=revoked_at,
        )
    return key


def note_use(*, key_id: UUID, at: datetime) -> None:
    ApiKey.objects.filter(id=key_id).update(latest_use_at=at)


def random_text(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def hash_secret(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def checksum(lookup: str, secret: str) -> str:
    return f"{zlib.crc32(f'{lookup}_{secret}'.encode()):08x}"
