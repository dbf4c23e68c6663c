"""The money probes: views that are empty as long as the books are right."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction

from portfolio.bookkeeping.bulk import fetch_rows
from portfolio.models import BooksViolation, ProbeRun
from portfolio.signals import books_found_broken

# View → what it asks. Apps above register theirs with ``register_probe``.
PROBES: Final[dict[str, str]] = {
    "probe_unbalanced_entries": "every entry has postings that sum to zero in each commodity",
    "probe_stray_postings": "every posting belongs to an entry and an account of one portfolio",
    "probe_balance_drift": "stored balances are the sums of their postings",
    "probe_overdrafts": "no paper balance is below what is held of it",
    "probe_hold_drift": "what is held is the sum of the open holds",
    "probe_position_drift": "positions, open lots and unit balances agree",
    "probe_lot_drift": "what remains of a lot is what its closures left",
}
ROWS_PER_PROBE: Final = 20
RUNS_KEPT: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class FailedProbe:
    """One thing that is wrong, as a probe words it."""

    probe: str
    portfolio_id: UUID | None
    detail: str


def register_probe(view: str, claim: str) -> None:
    """Add a view with the columns ``portfolio_id`` and ``detail`` to the probes."""
    PROBES[view] = claim


def failed_probes() -> list[FailedProbe]:
    """What is wrong with the books now: nothing, or at most 20 rows of each probe."""
    return [
        FailedProbe(view, portfolio_id, detail)
        for view in PROBES
        for portfolio_id, detail in fetch_rows(
            f"SELECT portfolio_id, detail FROM {view} LIMIT %s", [ROWS_PER_PROBE]
        )
    ]


@transaction.atomic
def record_failed_probes(*, checked_at: datetime) -> list[FailedProbe]:
    """Run the probes, keep what they find, and resolve what they no longer see.

    What is found is told to the apps above in the same transaction: order entry stops.
    """
    failed = failed_probes()
    ProbeRun.objects.create(checked_at=checked_at, violations=len(failed))
    ProbeRun.objects.filter(checked_at__lt=checked_at - RUNS_KEPT).delete()
    standing = {
        FailedProbe(row.probe, row.portfolio_id, row.detail): row
        for row in BooksViolation.objects.standing().order_by("id")
    }
    store(set(failed) - standing.keys(), found_at=checked_at)
    gone = [row.id for seen, row in standing.items() if seen not in failed]
    BooksViolation.objects.filter(id__in=gone).update(resolved_at=checked_at)
    if failed:
        books_found_broken.send(ProbeRun, failed=failed, at=checked_at)
    return failed


def store(found: Iterable[FailedProbe], *, found_at: datetime) -> None:
    BooksViolation.objects.bulk_create(
        [
            BooksViolation(
                probe=one.probe,
                portfolio_id=one.portfolio_id,
                detail=one.detail,
                found_at=found_at,
            )
            for one in found
        ],
        ignore_conflicts=True,  # two runs at once may find the same
    )


def latest_run() -> ProbeRun | None:
    """The newest run that has come to its end."""
    return ProbeRun.objects.order_by("-checked_at", "-id").first()


def are_books_broken() -> bool:
    """Whether the latest run found something wrong."""
    return BooksViolation.objects.standing().exists()
