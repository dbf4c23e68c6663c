"""What owners are told of their exports, in the transaction that ends these."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from integrations import outbox
from integrations.events.kinds import ExportFailed, ExportReady
from integrations.models.exports import Export


def tell_ready(export: Export, *, at: datetime) -> None:
    """Nobody waits for a night of the desk."""
    if export.owner_id is None or export.expires_at is None:
        return
    ready = ExportReady(
        owner_id=export.owner_id,
        occurred_at=at,
        export_id=export.id,
        dataset=export.dataset,
        rows=export.rows,
        bytes=export.bytes,
        expires_at=export.expires_at,
    )
    outbox.put([ready], recorded_at=at)


def tell_failed(exports: Iterable[Export], *, at: datetime) -> None:
    failed = [
        ExportFailed(
            owner_id=export.owner_id,
            occurred_at=at,
            export_id=export.id,
            dataset=export.dataset,
            reason=export.error,
        )
        for export in exports
        if export.owner_id is not None
    ]
    outbox.put(failed, recorded_at=at)
