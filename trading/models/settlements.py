"""What is owed after a fill and when it was exchanged."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from accounts.identifiers import new_id
from portfolio.models import JournalEntry, Portfolio
from trading.models.fills import Fill


class Settlement(models.Model):
    """The exchange of cash and units that a fill promised, due on ``due_date``."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    portfolio = models.ForeignKey(Portfolio, on_delete=models.PROTECT, related_name="settlements")
    fill = models.OneToOneField(Fill, on_delete=models.PROTECT, related_name="settlement")
    due_date = models.DateField()
    settled_at = models.DateTimeField(null=True)
    entry = models.OneToOneField(
        JournalEntry, on_delete=models.PROTECT, null=True, related_name="settlement"
    )

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(settled_at=None, entry=None)
                | Q(settled_at__isnull=False, entry__isnull=False),
                name="settlement_settled_has_entry",
            ),
        )
        indexes = (
            models.Index(
                fields=["due_date"], condition=Q(settled_at=None), name="settlement_waiting"
            ),
        )
