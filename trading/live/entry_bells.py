"""Rings the portfolios in whose books something was written, so that their sockets tell of it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from django.db import transaction
from django.dispatch import receiver

from portfolio.bookkeeping.drafts import EntryDraft
from portfolio.signals import entries_posted
from trading import broadcasts
from trading.models.fills import ENTRY_OF_FILL


@receiver(entries_posted, dispatch_uid="trading.ring_for_entries")
def ring_for_entries(*, drafts: Sequence[EntryDraft], **_: Any) -> None:
    """Ring after the commit, once for all of them. Of its fills the matcher tells by itself."""
    portfolio_ids = {
        it.portfolio_id for it in drafts if not it.external_id.startswith(ENTRY_OF_FILL)
    }
    if portfolio_ids:
        transaction.on_commit(partial(broadcasts.ring_soon, portfolio_ids), robust=True)
