"""When an order comes to the market, when it is auctioned, and when it ends by itself."""

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


def order_works_from(
    time_in_force: TimeInForce, *, extended_hours: bool, at: datetime, mic: str
) -> datetime | None:
    """The auction it is for, or the opening it waits for. ``None``: it may trade at once."""
    if time_in_force.is_auction:
        starts_at = order_ends_at(time_in_force, extended_hours=False, at=at, mic=mic)
    else:
        find = sessions.extended_session_of if extended_hours else sessions.session_of
        starts_at = find(at, mic).opens_at
    return starts_at if starts_at is not None and starts_at > at else None
