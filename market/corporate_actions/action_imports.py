"""Files of dividends and splits into the database, in one transaction.

A line that says what is recorded changes nothing; one of the same instrument, kind and date with
other facts corrects it. Lines that cannot be taken are kept with their number and reason.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
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
from market.corporate_actions.action_intake import (
    ActionIntake,
    Key,
    key_of,
    standing_actions,
)
from market.corporate_actions.actions import lock_actions, today_of
from market.models import IngestionRun, Instrument, QuarantinedRow
from market.models.prices import QuarantinedKind, RunStatus
from market.queries import matches_of

MESSAGE_CHARACTERS: Final = 300


@dataclass(slots=True)
class Intake:
    """What has become of a file's lines so far."""

    actions: ActionIntake
    seen: dict[Key, int] = field(default_factory=dict)  # on which line
    refused: list[tuple[ActionLine, str, str]] = field(default_factory=list)


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
    ids = {instrument.id for found in matches.values() for instrument in found}
    intake = Intake(ActionIntake(standing_actions(ids), source=source, at=imported_at))
    for line in lines:
        try:
            _take(line, matches[line.address], intake)
        except UnreadableLine as error:
            intake.refused.append((line, error.code, str(error)))
    intake.actions.save()
    run = IngestionRun(
        provider=source,
        source_name=name,
        requested_by_id=requested_by_id,
        created_at=imported_at,
        started_at=imported_at,
    )
    _finish(run, intake, rows=len(lines), at=imported_at)
    return run


def _take(line: ActionLine, found: list[Instrument], intake: Intake) -> None:
    """Raises:
    UnreadableLine: it says nothing that can be recorded.
    """
    instrument = _only(line, found)
    today = today_of(instrument, at=intake.actions.at)
    facts = read_facts(line, currency=instrument.currency, today=today)
    key = key_of(instrument, facts)
    if key in intake.seen:
        raise UnreadableLine("duplicate", f"Line {intake.seen[key]} is of the same day already.")
    intake.seen[key] = line.line
    intake.actions.take(instrument, facts)


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
    run.rows_written = len(intake.actions.added) + len(intake.actions.corrected)
    run.rows_unchanged = intake.actions.unchanged
    run.rows_refused = len(intake.refused)
    run.notes = {"corporate_actions_corrected": len(intake.actions.corrected)}
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
        counts = {"added": len(intake.actions.added), "corrected": len(intake.actions.corrected)}
        audit.record(
            action="corporate_actions.imported",
            owner_id=None,
            target="ingestion_run",
            target_id=str(run.id),
            after={"file": run.source_name, **counts},
            occurred_at=at,
        )
