"""Who has lost access while his socket is open."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from datetime import datetime
from uuid import UUID

from accounts.models import ApiKey, TokenFamily, User


def shut_out(*, key_ids: AbstractSet[UUID], user_ids: AbstractSet[UUID], at: datetime) -> set[UUID]:
    """Those of the keys and users that may not be served any more: revoked, expired, inactive.

    Where a program signed in by password, the sign-in stands among the keys.
    """
    lost: set[UUID] = set()
    if key_ids:
        live = ApiKey.objects.filter(id__in=key_ids, revoked_at=None).exclude(expires_at__lte=at)
        lost |= key_ids - set(live.values_list("id", flat=True))
    if lost:
        families = TokenFamily.objects.filter(id__in=lost, revoked_at=None)
        lost -= set(families.values_list("id", flat=True))
    if user_ids:
        active = User.objects.filter(id__in=user_ids, is_active=True)
        lost |= user_ids - set(active.values_list("id", flat=True))
    return lost
