"""Bringing stored credentials under another key, while readers read and writers write.

Only the wrapped data keys change, each row by itself and only where nobody changed it meanwhile;
until then the former key opens it. Stopped half way, it goes on where it stopped.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import Count

from accounts import audit
from integrations.models import Credential
from integrations.vault.credentials import binding_of, envelope_of
from integrations.vault.envelopes import rewrap
from integrations.vault.errors import CredentialDamaged
from integrations.vault.key_providers import current_provider, provider_of

logger = logging.getLogger(__name__)

BATCH: Final = 200


@dataclass(frozen=True, slots=True)
class KeyUse:
    """One key and how many credentials it wraps."""

    key_id: str
    credentials: int
    is_current: bool


@dataclass(frozen=True, slots=True)
class Rotation:
    """What became of it. ``unreadable`` ones were left as they are."""

    key_id: str
    rewrapped: int
    changed_meanwhile: int
    unreadable: int


def key_uses() -> list[KeyUse]:
    """Every key in use, and the current one, most used first.

    Raises:
        VaultUnavailable: which key is current cannot be told.
    """
    current = current_provider().current_key_id()
    counts = dict(
        Credential.objects.values_list("key_id")
        .annotate(Count("id"))
        .values_list("key_id", "id__count")
    )
    counts.setdefault(current, 0)
    rows = [KeyUse(key_id, count, key_id == current) for key_id, count in counts.items()]
    return sorted(rows, key=lambda row: (-row.credentials, row.key_id))


def rotate(*, at: datetime) -> Rotation:
    """Rewrap whatever is not under the current key.

    Raises:
        VaultUnavailable: the current or a former key cannot be reached; what was done stays done.
    """
    current = current_provider()
    key_id = current.current_key_id()
    outcomes: Counter[str] = Counter()
    for credential in _others(key_id):
        outcomes[_rewrap_one(credential, at=at)] += 1
    found = Rotation(key_id, outcomes["rewrapped"], outcomes["changed"], outcomes["unreadable"])
    if outcomes:
        with transaction.atomic():
            audit.record(
                action="vault.rotated",
                owner_id=None,
                target="vault",
                target_id=key_id,
                after={"rewrapped": found.rewrapped, "unreadable": found.unreadable},
                occurred_at=at,
            )
    return found


def _others(key_id: str) -> Iterator[Credential]:
    """By id, a batch at a time; each row as it is then."""
    rows = Credential.objects.exclude(key_id=key_id).order_by("id")
    batch = list(rows[:BATCH])
    while batch:
        yield from batch
        batch = list(rows.filter(id__gt=batch[-1].id)[:BATCH])


def _rewrap_one(credential: Credential, *, at: datetime) -> str:
    former = envelope_of(credential)
    try:
        envelope = rewrap(
            former,
            binding=binding_of(credential),
            former=provider_of(credential.key_id),
            provider=current_provider(),
        )
    except CredentialDamaged:
        logger.warning("The credential %s cannot be read and keeps its key.", credential.id)
        return "unreadable"
    unchanged = Credential.objects.filter(id=credential.id, wrapped_key=former.wrapped.body)
    changed = unchanged.update(
        wrapped_key=envelope.wrapped.body, key_id=envelope.wrapped.key_id, rewrapped_at=at
    )
    return "rewrapped" if changed else "changed"
