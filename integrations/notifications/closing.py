"""A closed account tells nobody anything more, and keeps no address to tell it at."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.dispatch import receiver

from accounts.models import User
from accounts.signals import account_closing
from integrations.notifications.slack_channels import channel_of, forget_channel


@receiver(account_closing, dispatch_uid="integrations.forget_slack_of")
def forget_slack_of(*, user: User, at: datetime, **_: Any) -> None:
    if channel_of(user) is not None:
        forget_channel(owner=user, forgotten_at=at)
