"""Having orders adjusted the moment a split takes effect, before a price of after it may meet them.

The worker looks every minute and finds what is told late. Where an exchange never closes its prices
jump at midnight, and an order of before would fill within that minute at twice its worth.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import InterfaceError, OperationalError

from market.corporate_actions.live_splits import next_split_at
from trading.changing.split_orders import adjust_orders, overtaken

logger = logging.getLogger(__name__)

LOOKS_EVERY: Final = timedelta(minutes=1)


class SplitWatch:
    """Knows when the next split takes effect, whichever instrument it is of."""

    def __init__(self, *, shard: int, shards: int) -> None:
        self._shard = shard
        self._shards = shards
        self._looked_at: datetime | None = None
        self._next_at: datetime | None = None
        self._is_adjusting = False

    def heed(self, now: datetime) -> bool:
        """Ask for what a split has overtaken by now; true while that waits to be adjusted.

        Until then no newer price is to be shown to orders.
        """
        if self._next_at is not None and self._next_at <= now:
            self._adjust(now)
            self._looked_at = None
        if self._looked_at is None or now - self._looked_at >= LOOKS_EVERY:
            self._next_at, self._looked_at = next_split_at(after=now), now
        return self._is_adjusting

    def heed_done(self, count: int) -> None:
        """So many commands were done; fewer than a batch means that none waits any more."""
        self._is_adjusting = self._is_adjusting and count >= settings.LIMITS.commands_per_match

    def _adjust(self, now: datetime) -> None:
        self._is_adjusting = True
        for portfolio_id, instrument_id in overtaken(now=now):
            if instrument_id % self._shards != self._shard:
                continue
            try:
                adjust_orders(portfolio_id, instrument_id, now=now)
            except (OperationalError, InterfaceError):
                raise  # with the connection goes the right to write
            except Exception:
                logger.exception("Orders of portfolio %s wait for the worker.", portfolio_id)
