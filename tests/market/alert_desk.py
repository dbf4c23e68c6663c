"""What tests of alerts begin with."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from django.utils import timezone

from accounts.models import User
from market.alerts.evaluator import AlertEvaluator
from market.alerts.kinds import AlertKind
from market.alerts.own_alerts import create_alert
from market.alerts.terms import AlertTerms, Condition
from market.intake.providers import PriceBatch
from market.live.shard_leader import Shard
from market.models import Alert, AlertTrigger, Instrument
from market.values import TickValue
from tests.factories import make_user

WHOLE = Shard(0, 1)


def make_terms(
    kind: str = "price_above", threshold: str | None = "110", **facts: Any
) -> AlertTerms:
    own = {
        name: facts.pop(name) for name in ("repeats", "cooldown_seconds", "note") if name in facts
    }
    number = None if threshold is None else Decimal(threshold)
    return AlertTerms(condition=Condition(kind=AlertKind(kind), threshold=number, **facts), **own)


def make_alert(
    instrument: Instrument,
    kind: str = "price_above",
    threshold: str | None = "110",
    *,
    owner: User | None = None,
    **facts: Any,
) -> Alert:
    return create_alert(
        owner=owner or User.objects.filter(email="alice@example.com").first() or make_user(),
        instrument=instrument,
        terms=make_terms(kind, threshold, **facts),
        created_at=timezone.now(),
    )


class Watcher:
    """An evaluator without its thread: each call of ``see`` is one turn of it."""

    def __init__(self, shard: Shard = WHOLE) -> None:
        self.evaluator = AlertEvaluator(shard=shard, clock=timezone.now)

    def see(self, *ticks: TickValue) -> None:
        self.evaluator.put(PriceBatch((), ticks))
        self.turn()

    def turn(self) -> None:
        self.evaluator._turn()

    def close(self) -> None:
        self.evaluator._changes.close()


def fired(alert_id: UUID) -> list[str]:
    """The prices at which an alert fired, in order."""
    triggers = AlertTrigger.objects.filter(alert_id=alert_id).order_by("number")
    return [f"{price.normalize():f}" for price in triggers.values_list("price", flat=True)]


def status_of(alert: Alert) -> str:
    return Alert.objects.values_list("status", flat=True).get(id=alert.id)
