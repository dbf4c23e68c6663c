"""Many dividends and splits at once: what is new, what corrects, what says nothing new.

Whoever takes them in holds ``lock_actions`` and a transaction.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime

from market.corporate_actions.actions import (
    announce,
    apply_facts,
    facts_of,
    keep_revision,
    new_action,
)
from market.corporate_actions.facts import FACTS, ActionChange, ActionFacts
from market.models import CorporateAction, CorporateActionRevision, Instrument

Key = tuple[int, str, date]  # instrument id, kind, ex-date


@dataclass(slots=True)
class ActionIntake:
    """What has become of the actions so far; ``save`` writes and announces all of it."""

    standing: dict[Key, CorporateAction]
    source: str
    at: datetime
    added: list[CorporateAction] = field(default_factory=list)
    corrected: list[CorporateAction] = field(default_factory=list)
    revisions: list[CorporateActionRevision] = field(default_factory=list)
    changes: list[ActionChange] = field(default_factory=list)
    unchanged: int = 0

    def take(self, instrument: Instrument, facts: ActionFacts) -> None:
        """Record the facts, or correct what stands of that instrument, kind and date."""
        action = self.standing.get(key_of(instrument, facts))
        before: ActionFacts | None = None
        if action is None:
            action = new_action(instrument, facts, source=self.source, recorded_at=self.at)
            self.added.append(action)
        elif (before := facts_of(action)) == facts:
            self.unchanged += 1
            return
        else:
            self.revisions.append(keep_revision(action, superseded_at=self.at))
            apply_facts(action, facts, changed_at=self.at)
            self.corrected.append(action)
        self.changes.append(
            ActionChange(action.id, instrument.id, action.version, before, facts, self.at)
        )

    def save(self) -> None:
        CorporateAction.objects.bulk_create(self.added)
        CorporateActionRevision.objects.bulk_create(self.revisions)
        CorporateAction.objects.bulk_update(self.corrected, [*FACTS, "version", "changed_at"])
        announce(self.changes)


def key_of(instrument: Instrument, facts: ActionFacts) -> Key:
    return instrument.id, facts.kind.value, facts.ex_date


def standing_actions(instrument_ids: Collection[int]) -> dict[Key, CorporateAction]:
    """What stands of these instruments; locked, so that nobody corrects one meanwhile."""
    actions = (
        CorporateAction.objects.standing()
        .filter(instrument__in=instrument_ids)
        .select_for_update(no_key=True)
        .order_by("id")
    )
    return {(one.instrument_id, one.kind, one.ex_date): one for one in actions}
