"""Stopping order entry while the books are wrong, and opening it again.

Only the placing of orders stops: reads, cancellations and the matching of what works go on. The
database refuses the rows (see migration 0007), here that refusal gets its words.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

from django.db import DatabaseError, transaction
from django.dispatch import receiver

from accounts import audit
from portfolio.bookkeeping.probes import FailedProbe, are_books_broken, latest_run
from portfolio.signals import books_found_broken
from trading.errors import TradingError
from trading.models import OrderEntryStop

logger = logging.getLogger(__name__)

STOPPED_STATE: Final = "HF001"  # the SQLSTATE of the trigger's refusal
REASON_LENGTH: Final = 300


class OrderEntryStopped(TradingError):
    """The desk takes no orders at the moment; what works can be looked at and cancelled."""

    code = "order_entry_stopped"

    def __init__(self) -> None:
        super().__init__(
            "Order entry is stopped while the desk's books are checked; orders that work go on"
            " and can be cancelled."
        )


class NotReopenable(TradingError):
    """Order entry stays as it is: it is open, or the books are not known to be right."""

    code = "not_reopenable"


@contextmanager
def recording_orders() -> Iterator[None]:
    """Around statements that write orders.

    Raises:
        OrderEntryStopped: the database refused them for a standing stop.
    """
    try:
        yield
    except DatabaseError as error:
        if getattr(error.__cause__, "sqlstate", None) == STOPPED_STATE:
            raise OrderEntryStopped from error
        raise


def standing_stop() -> OrderEntryStop | None:
    """The stop in force; ``None`` while orders are taken."""
    return OrderEntryStop.objects.standing().first()


@receiver(books_found_broken, dispatch_uid="trading.stop_order_entry")
def stop_order_entry(*, failed: Sequence[FailedProbe], at: datetime, **_: Any) -> None:
    """Take no more orders; in the transaction that keeps what the probes found."""
    counts = Counter(one.probe for one in failed)
    found = ", ".join(f"{count} × {probe}" for probe, count in sorted(counts.items()))
    stop, is_new = OrderEntryStop.objects.get_or_create(
        reopened_at=None,
        defaults={"reason": f"The books are wrong: {found}"[:REASON_LENGTH], "stopped_at": at},
    )
    if not is_new:
        return
    audit.record(
        action="order_entry.stopped",
        owner_id=None,
        target="order_entry_stop",
        target_id=str(stop.id),
        after={"found": len(failed), "reason": stop.reason},
        occurred_at=at,
    )
    transaction.on_commit(partial(logger.error, "Order entry is stopped. %s", stop.reason))


@transaction.atomic
def reopen_order_entry(*, reopened_at: datetime, reopened_by_id: UUID) -> OrderEntryStop:
    """Take orders again, once a run of the probes has found nothing.

    Raises:
        NotReopenable: nothing is stopped, or the newest run found something.
    """
    stop = OrderEntryStop.objects.standing().select_for_update(no_key=True).first()
    if stop is None:
        raise NotReopenable("Order entry is open.")
    run = latest_run()
    if run is None or run.checked_at < stop.stopped_at or run.violations or are_books_broken():
        raise NotReopenable("The newest run of the probes still found something wrong.")
    stop.reopened_at = reopened_at
    stop.reopened_by_id = reopened_by_id
    stop.save(update_fields=["reopened_at", "reopened_by_id"])
    audit.record(
        action="order_entry.reopened",
        owner_id=None,
        target="order_entry_stop",
        target_id=str(stop.id),
        before={"reason": stop.reason, "stopped_at": stop.stopped_at},
        occurred_at=reopened_at,
    )
    return stop
