"""A closed account leaves no files."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.dispatch import receiver

from accounts.models import User
from accounts.signals import account_closing
from integrations.models.exports import Export


@receiver(account_closing, dispatch_uid="integrations.end_exports_of")
def end_exports_of(*, user: User, at: datetime, **_: Any) -> None:
    """The next look at what has had its time removes them."""
    Export.objects.for_user(user).filter(removed_at=None).update(expires_at=at)
