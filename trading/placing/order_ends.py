"""When an order ends by itself, or is auctioned."""

from __future__ import annotations

from datetime import datetime

from market import sessions
from trading.states import TimeInForce


def order_ends_at(
    time_in_force: TimeInForce, *, extended_hours: bool, at: datetime, mic: str
) -> datetime | None:
    """The close of its session, with the hours after it where the order is for those too.

    Of an order for an auction, the moment of that. ``None``: it works until it is cancelled.
    """
    if time_in_force is TimeInForce.OPG:
        return sessions.session_of(at, mic).opens_at
    if time_in_force is TimeInForce.DAY and extended_hours:
        return sessions.extended_session_of(at, mic).closes_at
    if time_in_force in {TimeInForce.DAY, TimeInForce.CLS}:
        return sessions.session_close_at(at, mic)
    return None
