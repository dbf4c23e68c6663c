"""Corporate actions that came, changed or took effect: whoever held the units is booked anew."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from django.db import transaction
from django.dispatch import receiver

from market.corporate_actions.facts import ActionChange
from market.signals import corporate_actions_changed, splits_took_effect


@receiver(corporate_actions_changed, dispatch_uid="portfolio.request_bookings")
def request_bookings(*, changes: Sequence[ActionChange], **_: Any) -> None:
    """Once it is committed; the hourly run makes up for a lost message."""
    ids = sorted({change.instrument_id for change in changes})
    if ids:
        transaction.on_commit(partial(request, ids), robust=True)


@receiver(splits_took_effect, dispatch_uid="portfolio.request_splits")
def request_splits(*, instrument_ids: list[int], **_: Any) -> None:
    """At once: the price has the split in it from now on, and units must follow."""
    transaction.on_commit(partial(request, instrument_ids), robust=True)


def request(instrument_ids: list[int]) -> None:
    from portfolio.tasks import book_market_actions  # noqa: PLC0415 - tasks import us

    book_market_actions.delay(instrument_ids=instrument_ids)
