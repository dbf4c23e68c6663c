"""An investor's own fills, as charts mark them.

Fulfils ``market.charting.own_fills.FillSource``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from accounts.models import User
from market.charting.fill_markers import OwnFill
from trading.models import Fill

FILLS_MAXIMUM: Final = 2_000


class OwnFills:
    """Fills of the portfolios that the user owns, archived ones left out."""

    def fills_of(
        self, user: User, instrument_id: int, *, start: datetime, end: datetime
    ) -> Sequence[OwnFill]:
        newest = (
            Fill.objects.filter(
                portfolio__owner=user,
                portfolio__archived_at=None,
                instrument_id=instrument_id,
                executed_at__gte=start,
                executed_at__lt=end,
            )
            .order_by("-executed_at", "-id")
            .values_list("executed_at", "side", "quantity", "price")[:FILLS_MAXIMUM]
        )
        return [OwnFill(at, side == "buy", quantity, price) for at, side, quantity, price in newest]
