"""Comparing the journal with its seals, in one pass over both."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import chain
from typing import Final

from django.db import transaction

from portfolio.bookkeeping.probes import FailedProbe
from portfolio.models import JournalSeal, LedgerVerification
from portfolio.sealing.chain import GENESIS, Seal, SealedLine, differences, make_seal
from portfolio.sealing.lines import sealed_lines
from portfolio.signals import books_found_broken

logger = logging.getLogger(__name__)

CLAIM: Final = "ledger_seals"  # what a broken chain is called among the probes
PROBLEMS_KEPT: Final = 100
VERIFICATIONS_KEPT: Final = 1_000


@dataclass(frozen=True, slots=True)
class Verdict:
    """``problems`` is empty where every seal is the hash of what it covers."""

    seals: int
    entries: int
    head: bytes  # the hash of the newest seal
    problems: list[str]


@transaction.atomic
def verify_ledger(*, contains: bytes | None = None) -> Verdict:
    """Compute every seal anew from the entries and compare it with the one stored.

    Args:
        contains: a hash noted elsewhere, which has to be one of the chain's; so is found that the
            newest seals were taken away.
    """
    stored = [_seal_of(row) for row in JournalSeal.objects.order_by("number")]
    problems: list[str] = []
    number, from_xid, previous, entries = 1, 0, GENESIS, 0
    lines = _Lines(sealed_lines(from_xid=0, to_xid=max((one.to_xid for one in stored), default=0)))
    for seal in stored:
        computed = make_seal(
            lines.until(seal.to_xid),
            number=number,
            from_xid=from_xid,
            to_xid=seal.to_xid,
            previous_hash=previous,
            layout=seal.layout,
        )
        problems += [f"Seal {seal.number}: {why}." for why in differences(seal, computed)]
        # One broken link is one finding: the next is compared with what follows the stored one.
        number, from_xid, previous = seal.number + 1, seal.to_xid, seal.hash
        entries += computed.entries
    if contains is not None and contains not in {seal.hash for seal in stored}:
        problems.append(f"No seal has the hash {contains.hex()}.")
    return Verdict(len(stored), entries, previous, problems)


class _Lines:
    """Lines in order, handed out up to one transaction after the other."""

    def __init__(self, lines: Iterator[SealedLine]) -> None:
        self._lines = lines

    def until(self, xid: int) -> Iterator[SealedLine]:
        for line in self._lines:
            if line.xid >= xid:
                self._lines = chain([line], self._lines)
                return
            yield line


def _seal_of(row: JournalSeal) -> Seal:
    return Seal(
        number=row.number,
        from_xid=row.from_xid,
        to_xid=row.to_xid,
        entries=row.entries,
        postings=row.postings,
        previous_hash=bytes(row.previous_hash),
        hash=bytes(row.hash),
        layout=row.layout,
    )


@transaction.atomic
def record_verification(verdict: Verdict, *, verified_at: datetime) -> LedgerVerification:
    """Keep what was found; a broken chain is told to the apps above, and order entry stops."""
    kept = LedgerVerification.objects.create(
        verified_at=verified_at,
        seals=verdict.seals,
        entries=verdict.entries,
        problems=verdict.problems[:PROBLEMS_KEPT],
    )
    LedgerVerification.objects.filter(id__lte=kept.id - VERIFICATIONS_KEPT).delete()
    if verdict.problems:
        failed = [FailedProbe(CLAIM, None, problem) for problem in kept.problems]
        books_found_broken.send(LedgerVerification, failed=failed, at=verified_at)
        for problem in kept.problems:
            transaction.on_commit(
                partial(logger.error, "The ledger was tampered with. %s", problem)
            )
    return kept


def latest_verification() -> LedgerVerification | None:
    return LedgerVerification.objects.order_by("-verified_at", "-id").first()
