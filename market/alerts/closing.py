"""A closed account leaves nothing that watches prices for it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.dispatch import receiver

from accounts.models import User
from accounts.signals import account_closing
from market.alerts.own_alerts import delete_alert
from market.models import Alert


@receiver(account_closing, dispatch_uid="market.delete_alerts_of")
def delete_alerts_of(*, user: User, at: datetime, **_: Any) -> None:
    for alert in Alert.objects.for_user(user).select_related("instrument").order_by("id"):
        delete_alert(alert=alert, deleted_at=at)
