"""Alerts brought back as they were kept in a file.

All of them at once, because an alert alone costs some queries and a user may have hundreds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from decimal import Decimal
from functools import partial

from django.db import transaction

from accounts import audit
from accounts.models import User
from accounts.restorations import LeftOut
from market.alerts import news
from market.alerts.kinds import AlertStatus
from market.alerts.own_alerts import about, checked, columns, facts_of
from market.alerts.split_adjustments import adjust_for_splits
from market.alerts.standings import standings
from market.alerts.terms import AlertTerms, Condition, complete, condition_words
from market.errors import AlertRefused, TooManyAlerts
from market.models import Alert, Instrument
from market.queries import matches_of


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAlert:
    """One alert. The threshold is in shares of ``given_at``, so that later splits count."""

    address: str  # EXCHANGE:SYMBOL
    terms: AlertTerms
    status: AlertStatus
    given_at: datetime
    created_at: datetime


@dataclass(slots=True)
class BroughtAlerts:
    made: list[Alert] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)


@transaction.atomic
def restore_alerts(
    *, owner: User, kept: Sequence[KeptAlert], restored_at: datetime
) -> BroughtAlerts:
    """Make those that the owner has not yet, in the order kept.

    One that had fired stays so. One that watched does so again, and waits where the newest price
    meets it already, so that nothing fires because it was brought back. Of alerts of the same
    condition on the same instrument, as many as he has already are passed over. Whatever else
    does not come back is named in the answer, and nothing is raised for it.
    """
    # Two restorations at once must not both take the last place, or make the same alert twice.
    owner = User.objects.select_for_update(no_key=True).get(id=owner.id)
    own = list(Alert.objects.for_user(owner))
    watching = [identity(alert) for alert in own if alert.status != AlertStatus.TRIGGERED]
    there, watched = Counter(identity(alert) for alert in own), set(watching)
    allowed, active = owner.allowance.alerts, len(watching)
    known, brought = matches_of(one.address for one in kept), BroughtAlerts()
    for one in kept:
        alert = drafted(owner, one, known[one.address], brought, restored_at)
        if alert is None:
            continue
        if there[identity(alert)]:
            there[identity(alert)] -= 1
        elif alert.status == AlertStatus.TRIGGERED:
            brought.made.append(alert)
        elif identity(alert) not in watched:
            if allowed is not None and active >= allowed:
                leave_out(brought, one, TooManyAlerts.code, str(TooManyAlerts(owner.tier)))
                continue
            active += 1
            watched.add(identity(alert))
            brought.made.append(alert)
    keep(brought.made, at=restored_at)
    return brought


def drafted(
    owner: User,
    kept: KeptAlert,
    found: Sequence[Instrument],
    brought: BroughtAlerts,
    restored_at: datetime,
) -> Alert | None:
    """The alert, not stored yet; None where it cannot be, which is noted in ``brought``."""
    if len(found) != 1:
        leave_out(brought, kept, "unknown_symbol", f"Nobody here knows {kept.address[:60]!r}.")
        return None
    if not found[0].is_active and kept.status != AlertStatus.TRIGGERED:
        leave_out(brought, kept, "inactive", f"{found[0].symbol} is no longer traded.")
        return None
    try:
        terms = checked(kept.terms, owner=owner)
    except AlertRefused as error:
        words = " ".join(problem.message for problem in error.problems)
        leave_out(brought, kept, error.code, words)
        return None
    return Alert(
        owner=owner,
        instrument=found[0],
        status=kept.status.value,
        created_at=min(kept.created_at, restored_at),
        given_at=min(kept.given_at, restored_at),
        changed_at=restored_at,
        **columns(terms),
    )


def keep(alerts: Sequence[Alert], *, at: datetime) -> None:
    """Store them as they stand beside the prices of now."""
    if not alerts:
        return
    Alert.objects.bulk_create(alerts)
    adjust_for_splits(at=at, instrument_ids={alert.instrument_id for alert in alerts})
    ids = [alert.id for alert in alerts]
    stored = list(Alert.objects.filter(id__in=ids).select_related("instrument").order_by("id"))
    for standing in standings(stored).values():
        alert = standing.alert
        if alert.status != AlertStatus.TRIGGERED:
            if standing.is_met:
                alert.status = AlertStatus.WAITING.value
            if standing.quote is not None:
                alert.compared_at = standing.quote.occurred_at
    Alert.objects.bulk_update(stored, ["status", "compared_at"])
    for alert in stored:
        audit.record(action="alert.restored", after=facts_of(alert), occurred_at=at, **about(alert))
    transaction.on_commit(partial(news.tell_changed, ids))


def identity(alert: Alert) -> Hashable:
    """What makes two alerts wait for the same; the threshold as it was given."""
    condition = {part.name: getattr(alert, part.name) for part in fields(Condition)}
    given = alert.threshold if alert.given_threshold is None else alert.given_threshold
    threshold = None if given is None else Decimal(given).normalize()
    return (alert.instrument_id, *(condition | {"threshold": threshold}).items())


def leave_out(brought: BroughtAlerts, kept: KeptAlert, code: str, message: str) -> None:
    condition = complete(kept.terms).condition
    whole = condition.threshold is not None or condition.needs_bars
    words = condition_words(condition) if whole else condition.kind.value
    brought.left_out.append(LeftOut("alert", f"{kept.address[:60]}: {words}"[:160], code, message))
