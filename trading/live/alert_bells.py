"""Rings the portfolios to which alerts that fired belong, so that their sockets tell of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.dispatch import receiver

from market.alerts.signals import alerts_triggered
from market.models import AlertTrigger
from portfolio.models import Position
from trading import broadcasts


@receiver(alerts_triggered, dispatch_uid="trading.ring_for_alerts")
def ring_for_alerts(*, triggers: Sequence[AlertTrigger], **_: Any) -> None:
    """Ring after the commit, once for all of them."""
    transaction.on_commit(partial(_ring, portfolios_of(triggers)), robust=True)


def portfolios_of(triggers: Sequence[AlertTrigger]) -> set[UUID]:
    """Those the alerts are of, and of alerts on an instrument those of the owner that hold it."""
    wanted = {(it.owner_id, it.instrument_id) for it in triggers if it.portfolio_id is None}
    held = Position.objects.exclude(quantity=0).filter(
        portfolio__owner_id__in={owner_id for owner_id, _ in wanted},
        instrument_id__in={instrument_id for _, instrument_id in wanted},
    )
    rows = held.values_list("portfolio_id", "portfolio__owner_id", "instrument_id")
    found = {row[0] for row in rows if row[1:] in wanted} if wanted else set()
    return found | {it.portfolio_id for it in triggers if it.portfolio_id is not None}


def _ring(portfolio_ids: set[UUID]) -> None:
    if portfolio_ids:
        broadcasts.ring(portfolio_ids)
