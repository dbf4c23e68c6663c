"""Files of dividends and splits into the database, in one transaction.

A line that says what is recorded changes nothing; one of the same instrument, kind and date with
other facts corrects it. Lines that cannot be taken are kept with their number and reason.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final
from uuid import UUID

from django.db import transaction

from accounts import audit
from market.corporate_actions.action_files import (
    ActionLine,
    UnreadableLine,
    read_action_lines,
    read_facts,
)
from market.corporate_actions.actions import (
    announce,
    apply_facts,
    facts_of,
    keep_revision,
    lock_actions,
    new_action,
)
from market.corporate_actions.facts import FACTS, ActionChange, ActionFacts
from market.models import (
    CorporateAction,
    CorporateActionRevision,
    IngestionRun,
    Instrument,
    QuarantinedRow,
)
from market.models.prices import QuarantinedKind, RunStatus
from market.queries import matches_of

MESSAGE_CHARACTERS: Final = 300

Key = tuple[int, str, date]  # instrument id, kind, ex-date


@dataclass(slots=True)
class Intake:
    """What has become of a file's lines so far."""

    standing: dict[Key, CorporateAction]
    seen: dict[Key, int] = field(default_factory=dict)  # on which line
    added: list[CorporateAction] = field(default_factory=list)
    corrected: list[CorporateAction] = field(default_factory=list)
    revisions: list[CorporateActionRevision] = field(default_factory=list)
    changes: list[ActionChange] = field(default_factory=list)
    refused: list[tuple[ActionLine, str, str]] = field(default_factory=list)
    unchanged: int = 0


@transaction.atomic
def import_actions(
    content: bytes,
    *,
    name: str,
    source: str,
    imported_at: datetime,
    requested_by_id: UUID | None = None,
) -> IngestionRun:
    """Take in a file; returns the run that counts its lines.

    Raises:
        UnreadableFile: it is no such file; nothing was changed.
    """
    lines = list(read_action_lines(content))
    lock_actions()
    matches = matches_of(line.address for line in lines)
    intake = Intake(standing=_standing(matches))
    for line in lines:
        try:
            _take(line, matches[line.address], intake, source=source, at=imported_at)
        except UnreadableLine as error:
            intake.refused.append((line, error.code, str(error)))
    CorporateAction.objects.bulk_create(intake.added)
    CorporateActionRevision.objects.bulk_create(intake.revisions)
    CorporateAction.objects.bulk_update(intake.corrected, [*FACTS, "version", "changed_at"])
    announce(intake.changes)
    run = IngestionRun(
        provider=source,
        source_name=name,
        requested_by_id=requested_by_id,
        created_at=imported_at,
        started_at=imported_at,
    )
    _finish(run, intake, rows=len(lines), at=imported_at)
    return run


def _standing(matches: dict[str, list[Instrument]]) -> dict[Key, CorporateAction]:
    """Locked, so that nobody corrects one meanwhile."""
    ids = {instrument.id for found in matches.values() for instrument in found}
    actions = (
        CorporateAction.objects.standing()
        .filter(instrument__in=ids)
        .select_for_update(no_key=True)
        .order_by("id")
    )
    return {(one.instrument_id, one.kind, one.ex_date): one for one in actions}


def _take(
    line: ActionLine, found: list[Instrument], intake: Intake, *, source: str, at: datetime
) -> None:
    """Raises:
    UnreadableLine: it says nothing that can be recorded.
    """
    instrument = _only(line, found)
    facts = read_facts(line, currency=instrument.currency)
    key = (instrument.id, facts.kind.value, facts.ex_date)
    if key in intake.seen:
        raise UnreadableLine("duplicate", f"Line {intake.seen[key]} is of the same day already.")
    intake.seen[key] = line.line
    action = intake.standing.get(key)
    before: ActionFacts | None = None
    if action is None:
        action = new_action(instrument, facts, source=source, recorded_at=at)
        intake.added.append(action)
    elif (before := facts_of(action)) == facts:
        intake.unchanged += 1
        return
    else:
        intake.revisions.append(keep_revision(action, superseded_at=at))
        apply_facts(action, facts, changed_at=at)
        intake.corrected.append(action)
    intake.changes.append(ActionChange(action.id, instrument.id, action.version, before, facts, at))


def _only(line: ActionLine, found: list[Instrument]) -> Instrument:
    if not found:
        raise UnreadableLine("unknown_symbol", f"There is no instrument {line.address[:40]!r}.")
    if len(found) > 1:
        choices = " or ".join(f"{one.exchange_id}:{one.symbol}" for one in found)
        raise UnreadableLine("ambiguous_symbol", f"Several exchanges list it; use {choices}.")
    return found[0]


def _finish(run: IngestionRun, intake: Intake, *, rows: int, at: datetime) -> None:
    run.status = RunStatus.COMPLETED
    run.rows_total = run.rows_read = rows
    run.rows_written = len(intake.added) + len(intake.corrected)
    run.rows_unchanged = intake.unchanged
    run.rows_refused = len(intake.refused)
    run.notes = {"corporate_actions_corrected": len(intake.corrected)}
    run.heartbeat_at = run.finished_at = at
    run.save(force_insert=True)
    QuarantinedRow.objects.bulk_create(
        QuarantinedRow(
            run=run,
            line=line.line,
            kind=QuarantinedKind.OTHER,
            code=code,
            message=message[:MESSAGE_CHARACTERS],
            raw=dict(line.cells),
        )
        for line, code, message in intake.refused
    )
    if run.rows_written:
        counts = {"added": len(intake.added), "corrected": len(intake.corrected)}
        audit.record(
            action="corporate_actions.imported",
            owner_id=None,
            target="ingestion_run",
            target_id=str(run.id),
            after={"file": run.source_name, **counts},
            occurred_at=at,
        )
