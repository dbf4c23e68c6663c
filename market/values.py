"""Prices as values, and their one wire form. Pure: no clock, no database.

Numbers travel as plain decimal strings, times as RFC 3339 in UTC. The same quote object is kept
in Valkey, sent over sockets and answered by the API; only Valkey's carries depth as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

HUNDREDTH: Final = Decimal("0.01")

# Sources of prices that no market has now: made by the simulator, or recorded and played again.
SIMULATED: Final = "simulated"
REPLAYED: Final = "replayed"
NOT_OF_A_MARKET: Final = frozenset({SIMULATED, REPLAYED})

Level = tuple[Decimal, Decimal]  # price, size


class Interval(StrEnum):
    """Lengths of a bar. All up to a day are stored; weeks and months derive from days."""

    MINUTE = "1m"
    FIVE_MINUTES = "5m"
    FIFTEEN_MINUTES = "15m"
    THIRTY_MINUTES = "30m"
    HOUR = "1h"
    DAY = "1d"
    WEEK = "1w"
    MONTH = "1mo"

    @property
    def stored(self) -> Interval:
        """The stored length this one is derived from; itself where it is stored."""
        return STORED_INTERVALS[self]

    @property
    def is_intraday(self) -> bool:
        """Whether buckets are spans of UTC seconds rather than of exchange-local dates."""
        return self in INTERVAL_SECONDS

    @property
    def seconds(self) -> int:
        """The length of an intraday bucket.

        Raises:
            KeyError: days, weeks and months have no fixed length.
        """
        return INTERVAL_SECONDS[self]


INTERVAL_SECONDS: Final[dict[Interval, int]] = {
    Interval.MINUTE: 60,
    Interval.FIVE_MINUTES: 300,
    Interval.FIFTEEN_MINUTES: 900,
    Interval.THIRTY_MINUTES: 1_800,
    Interval.HOUR: 3_600,
}

STORED_INTERVALS: Final[dict[Interval, Interval]] = {
    Interval.MINUTE: Interval.MINUTE,
    Interval.FIVE_MINUTES: Interval.FIVE_MINUTES,
    Interval.FIFTEEN_MINUTES: Interval.FIFTEEN_MINUTES,
    Interval.THIRTY_MINUTES: Interval.THIRTY_MINUTES,
    Interval.HOUR: Interval.HOUR,
    Interval.DAY: Interval.DAY,
    Interval.WEEK: Interval.DAY,
    Interval.MONTH: Interval.DAY,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteValue:
    """What an instrument costs at one moment; prices in its currency, sizes in units.

    ``bid_levels`` and ``ask_levels`` are the street's depth, best first, the displayed best
    included. ``previous_close`` is the close of the session before.
    """

    instrument_id: int
    symbol: str
    bid: Decimal | None
    bid_size: Decimal | None
    ask: Decimal | None
    ask_size: Decimal | None
    last: Decimal
    last_size: Decimal | None
    previous_close: Decimal | None
    bid_levels: tuple[Level, ...] = ()
    ask_levels: tuple[Level, ...] = ()
    occurred_at: datetime
    source: str

    @property
    def offered_bids(self) -> tuple[Level, ...]:
        """The street's bids, best first; the best alone where no depth is known."""
        return self.bid_levels or _only_level(self.bid, self.bid_size)

    @property
    def offered_asks(self) -> tuple[Level, ...]:
        """The street's asks, best first; the best alone where no depth is known."""
        return self.ask_levels or _only_level(self.ask, self.ask_size)

    @property
    def change(self) -> Decimal | None:
        """Last price minus the previous close, in the instrument's currency."""
        return None if self.previous_close is None else self.last - self.previous_close

    @property
    def change_pct(self) -> Decimal | None:
        """The change in percent of the previous close, to a hundredth: ``1.25`` is 1.25 %."""
        if self.previous_close is None or self.previous_close == 0:
            return None
        change = self.last - self.previous_close
        return (change * 100 / self.previous_close).quantize(HUNDREDTH)

    def age_seconds(self, now: datetime) -> float:
        """Seconds since the quote; negative where the provider's clock runs ahead."""
        return (now - self.occurred_at).total_seconds()

    def is_stale(self, now: datetime, after_seconds: float) -> bool:
        return self.age_seconds(now) > after_seconds


def _only_level(price: Decimal | None, size: Decimal | None) -> tuple[Level, ...]:
    return () if price is None or size is None else ((price, size),)


@dataclass(frozen=True, slots=True)
class TickValue:
    """One traded price. ``provider_tick_id`` is unique per instrument and moment."""

    instrument_id: int
    occurred_at: datetime
    provider_tick_id: str
    price: Decimal  # > 0
    size: Decimal  # units, >= 0
    source: str


@dataclass(frozen=True, slots=True)
class BarValue:
    """Open, high, low, close of the bucket that starts at ``opened_at`` (UTC).

    ``vwap`` and ``count`` are None where the source gives none; both are of the ticks inside.
    """

    opened_at: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    vwap: Decimal | None
    count: int | None
    source: str


def plain(number: Decimal) -> str:
    """Write a number without exponent, needless zeros or a negative zero.

    Raises:
        ValueError: the number is not finite.
    """
    if not number.is_finite():
        raise ValueError(f"number was {number}, must be finite")
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def plain_or_none(number: Decimal | None) -> str | None:
    return None if number is None else plain(number)


def wire_time(at: datetime) -> str:
    """Write an aware time as RFC 3339 in UTC, ``2026-01-05T14:30:00.250000Z``."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def time_from_wire(text: str) -> datetime:
    """Read what ``wire_time`` wrote, or any ISO 8601 time with an offset.

    Raises:
        ValueError: not such a time, or without an offset.
    """
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"time was {text!r}, must carry an offset")
    return at.astimezone(UTC)


def quote_to_wire(
    quote: QuoteValue, *, is_stale: bool = False, with_depth: bool = False
) -> dict[str, Any]:
    """Write a quote as the JSON object that programs rely on.

    With depth it is the form kept in Valkey, which ``quote_from_wire`` reads back unchanged.
    """
    wire: dict[str, Any] = {
        "symbol": quote.symbol,
        "bid": plain_or_none(quote.bid),
        "bid_size": plain_or_none(quote.bid_size),
        "ask": plain_or_none(quote.ask),
        "ask_size": plain_or_none(quote.ask_size),
        "last": plain(quote.last),
        "last_size": plain_or_none(quote.last_size),
        "previous_close": plain_or_none(quote.previous_close),
        "change": plain_or_none(quote.change),
        "change_pct": plain_or_none(quote.change_pct),
        "occurred_at": wire_time(quote.occurred_at),
        "is_stale": is_stale,
        "source": quote.source,
    }
    if with_depth:
        wire["instrument_id"] = quote.instrument_id
        wire["bid_levels"] = levels_to_wire(quote.bid_levels)
        wire["ask_levels"] = levels_to_wire(quote.ask_levels)
    return wire


def quote_from_wire(wire: Mapping[str, Any]) -> QuoteValue:
    """Read a quote written with depth.

    Raises:
        KeyError: a field is absent, as in the form without depth.
    """
    return QuoteValue(
        instrument_id=wire["instrument_id"],
        symbol=wire["symbol"],
        bid=decimal_or_none(wire["bid"]),
        bid_size=decimal_or_none(wire["bid_size"]),
        ask=decimal_or_none(wire["ask"]),
        ask_size=decimal_or_none(wire["ask_size"]),
        last=Decimal(wire["last"]),
        last_size=decimal_or_none(wire["last_size"]),
        previous_close=decimal_or_none(wire["previous_close"]),
        bid_levels=levels_from_wire(wire["bid_levels"]),
        ask_levels=levels_from_wire(wire["ask_levels"]),
        occurred_at=time_from_wire(wire["occurred_at"]),
        source=wire["source"],
    )


def levels_to_wire(levels: Sequence[Level]) -> list[list[str]]:
    return [[plain(price), plain(size)] for price, size in levels]


def levels_from_wire(levels: Sequence[Sequence[str]]) -> tuple[Level, ...]:
    return tuple((Decimal(price), Decimal(size)) for price, size in levels)


def decimal_or_none(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
