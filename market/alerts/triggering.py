"""Writing down what prices did to alerts: each crossing once, whoever else saw it.

The database decides. A statement fires an alert only where it is still armed, unchanged, and
not compared with a later price; whoever comes second finds nothing left to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Final
from uuid import UUID

from django.db import connection, transaction

from market.alerts import news
from market.alerts.crossing_index import Crossing
from market.alerts.signals import alerts_triggered
from market.alerts.terms import condition_words
from market.models import Alert, AlertTrigger

LEVEL_PLACES: Final = Decimal("0.00000001")
MATCHES: Final = """
FROM unnest(%s::uuid[], %s::int[], %s::timestamptz[])
    AS crossing (alert_id, revision, occurred_at)
WHERE alert.id = crossing.alert_id AND alert.revision = crossing.revision
  AND (alert.compared_at IS NULL OR alert.compared_at < crossing.occurred_at)
"""
FIRE: Final = f"""
UPDATE market_alert AS alert
SET status = CASE WHEN alert.repeats THEN 'waiting' ELSE 'triggered' END,
    rearm_at = CASE WHEN alert.repeats
        THEN crossing.occurred_at + alert.cooldown_seconds * interval '1 second' END,
    compared_at = crossing.occurred_at, latest_trigger_at = crossing.occurred_at,
    trigger_count = alert.trigger_count + 1
{MATCHES} AND alert.status = 'armed'
RETURNING alert.id, alert.trigger_count
"""
REARM: Final = f"""
UPDATE market_alert AS alert
SET status = 'armed', compared_at = crossing.occurred_at, rearm_at = NULL
{MATCHES} AND alert.status = 'waiting'
  AND (alert.rearm_at IS NULL OR alert.rearm_at <= crossing.occurred_at)
RETURNING alert.id, alert.trigger_count
"""


def record_crossings(crossings: Sequence[Crossing], *, recorded_at: datetime) -> set[UUID]:
    """Write down what happened, in its order; return the alerts for which nothing was to be done.

    Those were changed, deleted, or brought forward by another process; read them anew.
    """
    missed: set[UUID] = set()
    for part in _rounds(crossings):
        missed |= _record_round(part, recorded_at=recorded_at)
    return missed


def _rounds(crossings: Sequence[Crossing]) -> Iterator[list[Crossing]]:
    """Cut where an alert comes a second time: one statement changes a row once."""
    part: list[Crossing] = []
    seen: set[UUID] = set()
    for crossing in crossings:
        if crossing.alert_id in seen:
            yield part
            part, seen = [], set()
        part.append(crossing)
        seen.add(crossing.alert_id)
    if part:
        yield part


@transaction.atomic
def _record_round(crossings: Sequence[Crossing], *, recorded_at: datetime) -> set[UUID]:
    ids = {crossing.alert_id for crossing in crossings}
    # Two processes that saw the same prices lock the same rows in the same order.
    locked = Alert.objects.select_for_update(no_key=True, of=("self",)).order_by("id")
    alerts = {alert.id: alert for alert in locked.filter(id__in=ids)}
    fired = _update(FIRE, [crossing for crossing in crossings if crossing.is_fired])
    rearmed = _update(REARM, [crossing for crossing in crossings if not crossing.is_fired])
    triggers = [
        _trigger(alerts[crossing.alert_id], crossing, fired[crossing.alert_id], recorded_at)
        for crossing in crossings
        if crossing.alert_id in fired
    ]
    AlertTrigger.objects.bulk_create(triggers)
    if triggers:
        alerts_triggered.send(sender=AlertTrigger, triggers=triggers)
        owners = {trigger.owner_id for trigger in triggers}
        transaction.on_commit(partial(news.tell_fired, owners))
    return ids - fired.keys() - rearmed.keys()


def _update(sql: str, crossings: Iterable[Crossing]) -> dict[UUID, int]:
    """How often each alert that was changed has fired by now."""
    rows = [(one.alert_id, one.revision, one.occurred_at) for one in crossings]
    if not rows:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(sql, [list(column) for column in zip(*rows, strict=True)])
        return dict(cursor.fetchall())


def _trigger(alert: Alert, crossing: Crossing, number: int, recorded_at: datetime) -> AlertTrigger:
    return AlertTrigger(
        owner_id=alert.owner_id,
        alert_id=alert.id,
        number=number,
        instrument_id=alert.instrument_id,
        portfolio_id=alert.portfolio_id,
        kind=alert.kind,
        condition=condition_words(alert.waited_for),
        note=alert.note,
        level=crossing.level.quantize(LEVEL_PLACES),
        price=crossing.price,
        occurred_at=crossing.occurred_at,
        recorded_at=recorded_at,
    )
