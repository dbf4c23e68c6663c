"""Time and sales: the newest trades of an instrument, newest first, each against the one before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

from market.models import Tick
from market.values import plain, plain_or_none, time_from_wire, wire_time


@dataclass(frozen=True, slots=True)
class Trade:
    """One line of the tape."""

    occurred_at: datetime
    trade_id: str  # unique per instrument and moment
    price: Decimal
    size: Decimal  # units
    change: Decimal | None  # price minus that of the trade before; None where none is known

    @property
    def place(self) -> tuple[datetime, str]:
        """Where it stands among the instrument's trades."""
        return (self.occurred_at, self.trade_id)


def newest_trades(instrument_id: int, *, limit: int) -> list[Trade]:
    """The newest stored trades, newest first."""
    # One more, for the change of the oldest one shown.
    ticks = Tick.objects.filter(instrument_id=instrument_id).order_by(
        "-occurred_at", "-provider_tick_id"
    )[: limit + 1]
    bare = (
        Trade(tick.occurred_at, tick.provider_tick_id, tick.price, tick.size, None)
        for tick in ticks
    )
    return merged((), bare)[:limit]


def merged(known: Iterable[Trade], new: Iterable[Trade]) -> list[Trade]:
    """All of them newest first, none twice, with their changes.

    The oldest keeps the change that it had, because the trade before it is not at hand.
    """
    by_place = {trade.place: trade for trade in (*new, *known)}
    ordered = [by_place[place] for place in sorted(by_place, reverse=True)]
    told = [
        Trade(*trade.place, trade.price, trade.size, trade.price - earlier.price)
        for trade, earlier in pairwise(ordered)
    ]
    return [*told, *ordered[-1:]]


def trade_from_wire(wire: Mapping[str, Any]) -> Trade:
    """Read a tick as the feed publishes it."""
    return Trade(
        occurred_at=time_from_wire(wire["occurred_at"]),
        trade_id=wire["id"],
        price=Decimal(wire["price"]),
        size=Decimal(wire["size"]),
        change=None,
    )


def trade_to_wire(trade: Trade) -> dict[str, str | None]:
    return {
        "id": trade.trade_id,
        "occurred_at": wire_time(trade.occurred_at),
        "price": plain(trade.price),
        "size": plain(trade.size),
        "change": plain_or_none(trade.change),
    }
