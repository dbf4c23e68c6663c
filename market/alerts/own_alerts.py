"""What an investor does with his alerts."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction

from accounts import audit
from accounts.errors import Problem
from accounts.models import User
from market.alerts import news
from market.alerts.holdings import holding_source
from market.alerts.kinds import AlertStatus
from market.alerts.standings import standings
from market.alerts.terms import (
    DEFAULT_COOLDOWN_SECONDS,
    AlertTerms,
    Condition,
    complete,
    find_problems,
    only_used,
)
from market.errors import AlertExists, AlertRefused, TooManyAlerts
from market.models import Alert, AlertsSeen, Instrument


@transaction.atomic
def create_alert(
    *, owner: User, instrument: Instrument, terms: AlertTerms, created_at: datetime
) -> Alert:
    """Watch for a condition. One that is met already waits until the price has returned.

    Raises:
        AlertRefused: the terms make no sense, or the instrument is no longer traded.
        AlertExists: the owner has an active one of the same condition.
        TooManyAlerts: his tier includes no further active one.
    """
    completed = checked(terms, owner=owner)
    if not instrument.is_active:
        words = f"{instrument.symbol} is no longer traded."
        raise AlertRefused([Problem("symbol", "inactive", words)])
    # Two requests at once must not both take the last place, or make the same alert twice.
    owner = User.objects.select_for_update(no_key=True).get(id=owner.id)
    alert = Alert(
        owner=owner,
        instrument=instrument,
        created_at=created_at,
        changed_at=created_at,
        given_at=created_at,
        **columns(completed),
    )
    _refuse_another(alert)
    _refuse_beyond_allowance(owner)
    _compare(alert)
    alert.save(force_insert=True)
    audit.record(
        action="alert.created", after=facts_of(alert), occurred_at=created_at, **about(alert)
    )
    tell(alert)
    return alert


@transaction.atomic
def change_alert(*, alert: Alert, terms: AlertTerms, changed_at: datetime) -> Alert:
    """Give an alert other terms, which are compared with the price anew. The kind stays.

    One that has fired for good stays so; see ``rearm_alert``.

    Raises:
        AlertRefused: the terms make no sense.
        AlertExists: the owner has another active one of the same condition.
    """
    completed = checked(terms, owner=alert.owner)
    if completed.condition.kind != alert.kind:
        raise AlertRefused([Problem("kind", "fixed", "The kind of an alert stays as it is.")])
    User.objects.select_for_update(no_key=True).get(id=alert.owner_id)
    alert = _locked(alert)
    before = facts_of(alert)
    if completed.condition.threshold != alert.threshold:
        alert.given_threshold, alert.given_at = None, changed_at
    for name, value in columns(completed).items():
        setattr(alert, name, value)
    if alert.status != AlertStatus.TRIGGERED:
        _refuse_another(alert)
        _compare(alert)
    _save(alert, at=changed_at)
    was, now = audit.changes(before, facts_of(alert))
    audit.record(
        action="alert.changed", before=was, after=now, occurred_at=changed_at, **about(alert)
    )
    tell(alert)
    return alert


@transaction.atomic
def rearm_alert(*, alert: Alert, rearmed_at: datetime) -> Alert:
    """Let an alert that has fired watch again. One that still watches stays as it is.

    Raises:
        AlertExists: the owner has another active one of the same condition.
        TooManyAlerts: his tier includes no further active one.
    """
    owner = User.objects.select_for_update(no_key=True).get(id=alert.owner_id)
    alert = _locked(alert)
    if alert.status != AlertStatus.TRIGGERED:
        return alert
    _refuse_another(alert)
    _refuse_beyond_allowance(owner)
    _compare(alert)
    _save(alert, at=rearmed_at)
    was, now = {"status": AlertStatus.TRIGGERED.value}, {"status": alert.status}
    audit.record(
        action="alert.rearmed", before=was, after=now, occurred_at=rearmed_at, **about(alert)
    )
    tell(alert)
    return alert


@transaction.atomic
def delete_alert(*, alert: Alert, deleted_at: datetime) -> None:
    """Watch no more; what has fired stays in the history. Repeating it is harmless."""
    count, _ = Alert.objects.filter(id=alert.id).delete()
    if count:
        audit.record(
            action="alert.deleted", before=facts_of(alert), occurred_at=deleted_at, **about(alert)
        )
        tell(alert)


def mark_seen(*, owner: User, seen_at: datetime) -> None:
    """Note that the owner has looked at what fired up to that moment."""
    AlertsSeen.objects.update_or_create(owner=owner, defaults={"seen_at": seen_at})


def terms_of(alert: Alert) -> AlertTerms:
    """The alert's terms as they might have been given, to be changed in part."""
    return AlertTerms(
        condition=only_used(alert.waited_for),
        repeats=alert.repeats,
        cooldown_seconds=alert.cooldown_seconds or DEFAULT_COOLDOWN_SECONDS,
        note=alert.note,
    )


def columns(terms: AlertTerms) -> dict[str, Any]:
    """The columns of an ``Alert`` that completed terms decide."""
    condition = {part.name: getattr(terms.condition, part.name) for part in fields(Condition)}
    return {
        **condition,
        "kind": terms.condition.kind.value,
        "direction": str(terms.condition.direction),
        "interval": str(terms.condition.interval or ""),
        "repeats": terms.repeats,
        "cooldown_seconds": terms.cooldown_seconds if terms.repeats else 0,
        "note": terms.note,
    }


def checked(terms: AlertTerms, *, owner: User) -> AlertTerms:
    """The terms with what they leave open filled in.

    Raises:
        AlertRefused: ``problems`` names everything that is wrong.
    """
    completed = complete(terms)
    problems = find_problems(completed, given=terms.condition)
    portfolio_id = completed.condition.portfolio_id
    if portfolio_id is not None and portfolio_id not in holding_source().portfolios_of(owner):
        problems.append(Problem("portfolio_id", "unknown", "You have no such portfolio."))
    if problems:
        raise AlertRefused(problems)
    return completed


def _refuse_another(alert: Alert) -> None:
    same = {part.name: getattr(alert, part.name) for part in fields(Condition)}
    others = Alert.objects.active().filter(
        owner_id=alert.owner_id, instrument_id=alert.instrument_id, **same
    )
    if other := others.exclude(id=alert.id).first():
        raise AlertExists(other.id)


def _refuse_beyond_allowance(owner: User) -> None:
    allowed = owner.allowance.alerts
    if allowed is not None and Alert.objects.for_user(owner).active().count() >= allowed:
        raise TooManyAlerts(owner.tier)


def _compare(alert: Alert) -> None:
    """Arm the alert, or have it wait where the newest known price meets it already."""
    standing = standings([alert])[alert.id]
    status = AlertStatus.WAITING if standing.is_met else AlertStatus.ARMED
    alert.status = status.value
    alert.rearm_at = None
    alert.compared_at = standing.quote.occurred_at if standing.quote else None


def _locked(alert: Alert) -> Alert:
    """The alert as it is now; it may have fired since it was read.

    Raises:
        Alert.DoesNotExist: it was deleted meanwhile.
    """
    rows = Alert.objects.select_for_update(no_key=True, of=("self",))
    return rows.select_related("instrument", "owner").get(id=alert.id)


def _save(alert: Alert, *, at: datetime) -> None:
    alert.revision += 1
    alert.changed_at = at
    alert.save()


def about(alert: Alert) -> dict[str, Any]:
    return {"owner_id": alert.owner_id, "target": "alert", "target_id": str(alert.id)}


def tell(alert: Alert) -> None:
    """Have those who watch prices read the alert anew once the change holds."""
    transaction.on_commit(partial(news.tell_changed, [alert.id]))


def facts_of(alert: Alert) -> dict[str, Any]:
    names = ("kind", "threshold", "direction", "interval", "length", "fast_length")
    facts = {name: getattr(alert, name) for name in names}
    facts["symbol"] = f"{alert.instrument.exchange_id}:{alert.instrument.symbol}"
    facts["portfolio"] = None if alert.portfolio_id is None else str(alert.portfolio_id)
    more = ("repeats", "cooldown_seconds", "note", "status")
    return facts | {name: getattr(alert, name) for name in more}
