"""Thresholds of price alerts over splits, as brokers keep them: 400 becomes 100 at 4 for 1.

What an investor gave stays beside what is watched for, so a split that is corrected or cancelled
is followed as well, and doing it twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction
from django.dispatch import receiver

from accounts import audit
from market.alerts import news
from market.alerts.kinds import AlertKind, AlertStatus
from market.corporate_actions.facts import ActionChange
from market.corporate_actions.live_splits import comparable_quotes, times
from market.corporate_actions.split_factors import Splits, factor_between, splits_of
from market.models import Alert
from market.signals import corporate_actions_changed
from market.values import SIMULATED, QuoteValue

KINDS: Final = (AlertKind.PRICE_ABOVE.value, AlertKind.PRICE_BELOW.value)
A_DAY: Final = timedelta(days=1)

# Those with a split since their threshold was given, and those that were adjusted already.
CANDIDATES: Final = """
    SELECT alert.id FROM market_alert AS alert
    WHERE alert.kind = ANY(%(kinds)s) AND (%(ids)s::int[] IS NULL OR instrument_id = ANY(%(ids)s))
      AND (alert.given_threshold IS NOT NULL OR EXISTS (
        SELECT FROM market_corporateaction AS split
        JOIN market_instrument AS instrument ON instrument.id = split.instrument_id
        JOIN market_exchange AS exchange ON exchange.mic = instrument.exchange_id
        WHERE split.instrument_id = alert.instrument_id AND split.kind = 'split'
          AND split.cancelled_at IS NULL
          AND split.ex_date::timestamp AT TIME ZONE exchange.timezone > alert.given_at
          AND split.ex_date::timestamp AT TIME ZONE exchange.timezone <= %(at)s
      ))
"""


def adjust_for_splits(*, at: datetime, instrument_ids: Collection[int] | None = None) -> list[UUID]:
    """Bring thresholds of price alerts to shares of now; return the alerts that changed.

    Only prices after ``at`` count from then on.
    """
    words: dict[str, Any] = {"kinds": list(KINDS), "at": at, "ids": None}
    if instrument_ids is not None:
        words["ids"] = list(instrument_ids)
    with connection.cursor() as cursor:
        cursor.execute(CANDIDATES, words)
        wanted = [alert_id for (alert_id,) in cursor.fetchall()]
    return _adjust(wanted, at=at) if wanted else []


@transaction.atomic
def _adjust(alert_ids: Sequence[UUID], *, at: datetime) -> list[UUID]:
    rows = Alert.objects.select_for_update(no_key=True, of=("self",)).filter(id__in=alert_ids)
    alerts = list(rows.select_related("instrument").order_by("id"))
    if not alerts:
        return []
    ids = {alert.instrument_id for alert in alerts}
    oldest = min(alert.given_at for alert in alerts)
    splits = splits_of(ids, since=(oldest - A_DAY).date())
    quotes = comparable_quotes(ids, at=at)
    changed = [
        alert.id
        for alert in alerts
        if _adjusted(alert, splits, quotes.get(alert.instrument_id), at)
    ]
    if changed:
        transaction.on_commit(partial(news.tell_changed, changed))
    return changed


def _adjusted(alert: Alert, splits: Splits, quote: QuoteValue | None, at: datetime) -> bool:
    """Whether the alert's threshold changed; saves and records it where it did."""
    given = alert.threshold if alert.given_threshold is None else alert.given_threshold
    former = alert.threshold
    if given is None or former is None:
        return False
    factor = factor_between(
        splits.get(alert.instrument_id, ()),
        after=alert.given_at,
        until=at,
        is_as_traded=quote is None or quote.source != SIMULATED,
    )
    threshold = times(given, factor)
    if threshold == former:
        return False
    alert.threshold = threshold
    alert.given_threshold = None if threshold == given else given
    if alert.status == AlertStatus.ARMED and quote is not None and _is_met(alert, quote.last):
        # It was not crossed, the ground moved: the price must return first.
        alert.status = AlertStatus.WAITING.value
    alert.compared_at = max(at, alert.compared_at) if alert.compared_at else at
    alert.revision += 1
    alert.changed_at = at
    alert.save()
    symbol = {"symbol": f"{alert.instrument.exchange_id}:{alert.instrument.symbol}"}
    audit.record(
        action="alert.adjusted",
        owner_id=alert.owner_id,
        target="alert",
        target_id=str(alert.id),
        before=symbol | {"threshold": former},
        after=symbol | {"threshold": threshold},
        occurred_at=at,
    )
    return True


def _is_met(alert: Alert, price: Decimal) -> bool:
    level = alert.threshold or Decimal(0)
    return price >= level if alert.waited_for.is_above else price <= level


@receiver(corporate_actions_changed, dispatch_uid="market.adjust_alerts")
def follow_changed_splits(*, changes: Sequence[ActionChange], **_: Any) -> None:
    """A split recorded late, corrected or cancelled moves thresholds at once."""
    numbers = {
        change.instrument_id
        for change in changes
        if any(facts and not facts.kind.is_dividend for facts in (change.before, change.after))
    }
    if numbers:
        adjust_for_splits(at=max(change.changed_at for change in changes), instrument_ids=numbers)
