"""``manage.py ensure_demo_login``: a user to sign in with on a desk that has just been set up."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.models import User
from accounts.tiers import Tier
from portfolio.demo.paper import open_paper
from portfolio.demo.savings import has_savings
from portfolio.demo.starting import DEMO_NAME, furnish, request_savings
from portfolio.models import Portfolio

EMAIL: Final = "demo@holdfast.local"
PASSWORD_FILE: Final = "demo_password"  # noqa: S105 - a file's name
PASSWORD_BYTES: Final = 9


class Command(BaseCommand):
    help = "Make the demo login where it is missing, and print it."

    def handle(self, *args: Any, **options: Any) -> None:
        password = kept_password(Path(settings.HOLDFAST_DATA) / PASSWORD_FILE)
        ensure_user(password)
        self.stdout.write(f"E-mail:   {EMAIL}")
        self.stdout.write(f"Password: {password}")


def kept_password(path: Path) -> str:
    """The password in the file, made where there is none; only its owner may read it."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(PASSWORD_BYTES))
    path.chmod(0o600)
    return path.read_text().strip()


@transaction.atomic
def ensure_user(password: str) -> User:
    """The demo user with that password, premium, with a watchlist and portfolios."""
    user, is_new = User.objects.get_or_create(
        email=EMAIL, defaults={"display_name": DEMO_NAME, "tier": Tier.PREMIUM}
    )
    if not user.check_password(password):
        user.set_password(password)
        user.save(update_fields=["password"])
    if is_new:
        audit.record(
            action="user.created",
            owner_id=user.id,
            target="user",
            target_id=str(user.id),
            after={"email": user.email, "tier": user.tier},
            occurred_at=user.joined_at,
        )
        furnish(user, at=timezone.now())
        return user
    if not Portfolio.objects.for_user(user).exists():
        open_paper(owner=user, opened_at=timezone.now())
    if not has_savings(user):
        request_savings(user)
    return user
