"""Closing one's own account: everything that opens it ends, and what was done in it stays."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts import audit, users
from accounts.models import User
from accounts.signals import account_closing


@transaction.atomic
def close_account(*, user_id: UUID, closed_at: datetime) -> User:
    """Switch a user off at his own wish, and sign him out everywhere. Repeating it is harmless.

    Nothing is deleted but what still watches for him: portfolios are archived with their books,
    events of the audit trail stay, and so does his address, so that nobody else takes it.

    Raises:
        NotFound: there is no such user.
        LastAdminKept: no administrator would remain.
        HoldfastError: a receiver of ``account_closing`` refused, as when orders work.
    """
    user = users.lock_with_admins(user_id, by=None)
    if not user.is_active:
        return user
    before = users.facts_of(user)
    user.is_active = False
    users.refuse_loss_of_admin(user, by=None, before=before)
    account_closing.send(sender=User, user=user, at=closed_at)
    user.save(update_fields=["is_active"])
    audit.record(
        action="user.closed",
        owner_id=user.id,
        target="user",
        target_id=str(user.id),
        before={"is_active": True},
        after={"is_active": False},
        occurred_at=closed_at,
    )
    users.close_everything(user, at=closed_at)
    return user
