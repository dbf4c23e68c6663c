"""Seals of the journal, and when they were last verified."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q


class JournalSeal(models.Model):
    """One link of the chain of hashes over the journal. Append-only.

    It covers the entries of the transactions ``from_xid <= recorded_xid < to_xid``, all of which
    had ended when it was made.
    """

    number = models.BigIntegerField(primary_key=True)  # from 1, without gaps
    from_xid = models.BigIntegerField()
    to_xid = models.BigIntegerField()
    entries = models.PositiveIntegerField()
    postings = models.PositiveIntegerField()
    previous_hash = models.BinaryField(max_length=32)
    hash = models.BinaryField(max_length=32)
    # Which facts of each entry it covers, see portfolio.sealing.chain.
    layout = models.PositiveSmallIntegerField(default=1, db_default=1)
    sealed_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(to_xid__gt=F("from_xid"), number__gte=1),
                name="journal_seal_covers_something",
            ),
        )

    def __str__(self) -> str:
        return f"Seal {self.number}"


class LedgerVerification(models.Model):
    """One comparison of the whole journal with its seals."""

    id = models.BigAutoField(primary_key=True)
    verified_at = models.DateTimeField()
    seals = models.BigIntegerField()
    entries = models.BigIntegerField()
    problems = models.JSONField(default=list)  # what was found wrong, in words

    def __str__(self) -> str:
        return f"{self.seals} seals on {self.verified_at}"
