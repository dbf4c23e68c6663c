"""Recording, correcting and cancelling dividends and splits: each one operation.

Every change is announced by ``market.signals.corporate_actions_changed`` inside its transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction

from accounts import audit
from accounts.errors import NotFound, Problem, ProblemsError
from market import calendar
from market.corporate_actions.facts import (
    FACTS,
    ActionChange,
    ActionFacts,
    find_problems,
    plain_facts,
)
from market.errors import MarketError
from market.models import CorporateAction, CorporateActionRevision, Instrument
from market.models.corporate_actions import ActionKind
from market.signals import corporate_actions_changed

ACTIONS_LOCK: Final = 7_310_003  # advisory; held by whoever records or corrects actions


class UnknownAction(MarketError, NotFound):
    """There is no such dividend or split."""

    code = "unknown_corporate_action"

    def __init__(self, action_id: UUID) -> None:
        super().__init__(f"There is no corporate action {action_id}.")
        self.action_id = action_id


class ActionExists(MarketError):
    """The instrument has an action of that kind on that date, with other facts."""

    code = "corporate_action_exists"

    def __init__(self, *, symbol: str, kind: str, ex_date: date) -> None:
        super().__init__(f"{symbol} has a {kind.replace('_', ' ')} on {ex_date} already.")
        self.ex_date = ex_date


class ActionCancelled(MarketError):
    """A cancelled action cannot change any more; record another."""

    code = "corporate_action_cancelled"

    def __init__(self, action: CorporateAction) -> None:
        super().__init__(f"The {action.get_kind_display().lower()} is cancelled.")
        self.cancelled_at = action.cancelled_at


@transaction.atomic
def record_action(
    *, instrument: Instrument, facts: ActionFacts, source: str, recorded_at: datetime
) -> CorporateAction:
    """Record a dividend or split; the very same again is the one already there.

    Raises:
        ProblemsError: the facts make no dividend or split.
        ActionExists: one of that kind and date says something else; correct that one.
    """
    if problems := find_problems(facts, today=today_of(instrument, at=recorded_at)):
        raise ProblemsError(problems)
    lock_actions()
    if (earlier := _standing(instrument, facts)) and facts_of(earlier) == facts:
        return earlier
    _refuse_second(instrument, facts)
    action = new_action(instrument, facts, source=source, recorded_at=recorded_at)
    action.save(force_insert=True)
    _tell(action, before=None, after=facts, at=recorded_at)
    return action


@transaction.atomic
def correct_action(
    action_id: UUID, *, changes: Mapping[str, Any], corrected_at: datetime
) -> CorporateAction:
    """Make a new version of an action; the former stays as a revision.

    ``changes`` are fields of ``ActionFacts``; what is absent stays. A dividend becomes no split.

    Raises:
        UnknownAction: there is none.
        ActionCancelled: it no longer stands.
        ProblemsError: the facts make no dividend or split, or one of another kind.
        ActionExists: another one stands on the date it would move to.
    """
    lock_actions()
    action = _locked(action_id)
    before = facts_of(action)
    facts = replace(before, **changes)
    if facts == before:
        return action
    today = today_of(action.instrument, at=corrected_at)
    if problems := _kind_problems(before, facts) or find_problems(facts, today=today):
        raise ProblemsError(problems)
    _refuse_second(action.instrument, facts, besides=action.id)
    keep_revision(action, superseded_at=corrected_at).save(force_insert=True)
    apply_facts(action, facts, changed_at=corrected_at)
    action.save()
    _tell(action, before=before, after=facts, at=corrected_at)
    return action


@transaction.atomic
def cancel_action(action_id: UUID, *, cancelled_at: datetime) -> CorporateAction:
    """Say that a dividend or split never was; again, it stays cancelled.

    Raises:
        UnknownAction: there is none.
    """
    try:
        action = _locked(action_id)
    except ActionCancelled:
        return CorporateAction.objects.select_related("instrument").get(id=action_id)
    before = facts_of(action)
    action.cancelled_at = action.changed_at = cancelled_at
    action.save(update_fields=["cancelled_at", "changed_at"])
    _tell(action, before=before, after=None, at=cancelled_at)
    return action


def today_of(instrument: Instrument, *, at: datetime) -> date:
    """The day it is then where the instrument is listed."""
    return calendar.local_date(at, instrument.exchange.timezone)


def lock_actions() -> None:
    """Wait for whoever records or corrects actions, until the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ACTIONS_LOCK])


def new_action(
    instrument: Instrument, facts: ActionFacts, *, source: str, recorded_at: datetime
) -> CorporateAction:
    """An action that is not saved yet."""
    values = {name: getattr(facts, name) for name in FACTS}
    return CorporateAction(
        instrument=instrument,
        source=source,
        recorded_at=recorded_at,
        changed_at=recorded_at,
        **values,
    )


def keep_revision(action: CorporateAction, *, superseded_at: datetime) -> CorporateActionRevision:
    """What the action says now, for later; not saved yet."""
    return CorporateActionRevision(
        action=action,
        version=action.version,
        facts=plain_facts(facts_of(action)),
        superseded_at=superseded_at,
    )


def apply_facts(action: CorporateAction, facts: ActionFacts, *, changed_at: datetime) -> None:
    """Turn an action into its next version; not saved yet."""
    for name in FACTS:
        setattr(action, name, getattr(facts, name))
    action.version += 1
    action.changed_at = changed_at


def facts_of(action: CorporateAction) -> ActionFacts:
    values = {name: getattr(action, name) for name in FACTS}
    amount = action.amount_per_share
    return ActionFacts(
        **values
        | {
            "kind": ActionKind(action.kind),
            "amount_per_share": None if amount is None else amount.normalize() + 0,
        }
    )


def announce(changes: Sequence[ActionChange]) -> None:
    """Tell the apps above; needs the transaction of the changes."""
    if changes:
        corporate_actions_changed.send(sender=CorporateAction, changes=tuple(changes))


def _standing(instrument: Instrument, facts: ActionFacts) -> CorporateAction | None:
    return (
        CorporateAction.objects.standing()
        .filter(instrument=instrument, kind=facts.kind, ex_date=facts.ex_date)
        .select_related("instrument")
        .first()
    )


def _refuse_second(
    instrument: Instrument, facts: ActionFacts, *, besides: UUID | None = None
) -> None:
    """Raises:
    ActionExists: the instrument has one of that kind and date.
    """
    earlier = _standing(instrument, facts)
    if earlier is not None and earlier.id != besides:
        raise ActionExists(symbol=instrument.symbol, kind=facts.kind.value, ex_date=facts.ex_date)


def _kind_problems(before: ActionFacts, after: ActionFacts) -> list[Problem]:
    if before.kind.is_dividend is after.kind.is_dividend:
        return []
    message = f"It is a {before.kind.label.lower()}; cancel it and record another."
    return [Problem("kind", "cannot_change", message)]


def _locked(action_id: UUID) -> CorporateAction:
    action = (
        CorporateAction.objects.select_for_update(of=("self",), no_key=True)
        .select_related("instrument__exchange")
        .filter(id=action_id)
        .first()
    )
    if action is None:
        raise UnknownAction(action_id)
    if action.cancelled_at is not None:
        raise ActionCancelled(action)
    return action


def _tell(
    action: CorporateAction,
    *,
    before: ActionFacts | None,
    after: ActionFacts | None,
    at: datetime,
) -> None:
    announce([ActionChange(action.id, action.instrument_id, action.version, before, after, at)])
    symbol = {"symbol": action.instrument.symbol}
    audit.record(
        action=(
            "corporate_action.recorded"
            if before is None
            else "corporate_action.cancelled"
            if after is None
            else "corporate_action.corrected"
        ),
        owner_id=None,
        target="corporate_action",
        target_id=str(action.id),
        before=None if before is None else symbol | plain_facts(before),
        after=None if after is None else symbol | plain_facts(after),
        occurred_at=at,
    )
