"""A simulated exchange: trades by a Poisson process, and the street's depth around them.

Pure: time comes in, quotes and ticks come out, and chance follows from seed, symbol and second.
Inside, prices are whole ticks and sizes whole lots.

A price wanders as an Ornstein-Uhlenbeck process around its day's anchor, so it moves about as
much in a day as the instrument usually does and never runs away. The anchor is the previous
close, drawn a little to the long-run trend each day.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from integrations.simulated.randomness import normal, stream
from market.values import Level, QuoteValue, TickValue

SOURCE: Final = "simulated"
LEVELS: Final = 5
SESSION_SECONDS: Final = 6.5 * 3600
# With this, the spread of an Ornstein-Uhlenbeck process is one usual day's move.
PULL_SECONDS: Final = 2 * SESSION_SECONDS
BAND: Final = 0.15  # no trade further than this from the anchor, as a fraction
SPREAD: Final = 0.00015  # of the price, typical
LEVEL_VALUE: Final = 40_000  # currency on one level, typical
TRADE_VALUE: Final = 6_000
# Longer silences count as this: the price does not leap after a night.
LONGEST_STEP_SECONDS: Final = 60.0
# A quote is renewed without a trade after this, as market makers do.
RENEWAL_SECONDS: Final = 3
MICROSECONDS: Final = 1_000_000
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What stays the same of a simulated instrument."""

    instrument_id: int
    symbol: str
    tick_size: Decimal
    lot_size: Decimal
    volatility: float  # standard deviation of a day's logarithmic return
    trades_per_second: float


@dataclass(frozen=True, slots=True)
class Trade:
    at: int  # microseconds since 1970
    number: int  # within its second
    price: int  # ticks
    size: int  # lots


@dataclass(frozen=True, slots=True)
class Arrival:
    """A trade to come: when, and the chance that will shape it."""

    at: int  # microseconds since 1970
    number: int  # within its second
    move: float  # standard normal
    side: float  # below one half a buyer came, else a seller
    crowd: float  # standard normal


@dataclass(slots=True)
class Market:
    """Where an instrument stands; the simulation moves it forward."""

    listing: Listing
    log_price: float  # logarithm of the middle between bid and ask, in ticks
    log_anchor: float
    at: int  # microseconds since 1970 up to which trades have been made
    moved_at: int  # when the price moved last
    last: int  # ticks
    last_size: int | None = None
    quoted_second: int = -1
    planned_second: int = -1
    plan: list[Arrival] = field(default_factory=list)


class SimulatedExchange:
    """Any number of instruments, all driven by one seed."""

    def __init__(self, *, seed: int) -> None:
        self._seed = seed

    def open_market(self, listing: Listing, *, price: Decimal, at: datetime) -> Market:
        """Begin at a price > 0, which is also the anchor until another is set."""
        last = max(1, round(price / listing.tick_size))
        return Market(
            listing=listing,
            log_price=math.log(last),
            log_anchor=math.log(last),
            at=microseconds(at),
            moved_at=microseconds(at),
            last=last,
        )

    def skip(self, market: Market, *, until: datetime) -> None:
        """Let time pass without trades."""
        market.at = max(market.at, microseconds(until))

    def split(self, market: Market, factor: Decimal) -> None:
        """Go on with shares each worth ``factor`` of a former one; the anchor is the caller's."""
        market.log_price = max(0.0, market.log_price + math.log(factor))
        market.last = max(1, round(market.last * factor))

    def ticks(self, market: Market, *, until: datetime) -> list[TickValue]:
        """The trades since the latest call, ascending; ``until`` itself is included."""
        end = microseconds(until)
        made: list[TickValue] = []
        for second in range(market.at // MICROSECONDS, end // MICROSECONDS + 1):
            trades = self._trades(market, second, after=market.at, until=end)
            made.extend(tick_value(market.listing, second, trade) for trade in trades)
        market.at = max(market.at, end)
        return made

    def _trades(self, market: Market, second: int, *, after: int, until: int) -> Iterator[Trade]:
        for arrival in self._plan(market, second):
            if after < arrival.at <= until:
                yield trade_at(market, arrival)

    def _plan(self, market: Market, second: int) -> list[Arrival]:
        """The trades of one second, kept because a second is asked for several times."""
        if market.planned_second != second:
            chance = stream(self._seed, market.listing.symbol, second)
            moments = arrivals(chance, market.listing.trades_per_second)
            start = second * MICROSECONDS
            market.plan = [
                Arrival(start + at, number, normal(chance), chance.random(), normal(chance))
                for number, at in enumerate(moments)
            ]
            market.planned_second = second
        return market.plan

    def is_quote_due(self, market: Market, *, at: datetime) -> bool:
        """Whether it was long since the latest quote."""
        return microseconds(at) // MICROSECONDS - market.quoted_second >= RENEWAL_SECONDS

    def quote(
        self, market: Market, *, at: datetime, previous_close: Decimal | None = None
    ) -> QuoteValue:
        """The street at that moment: the best prices and the depth behind them."""
        listing = market.listing
        occurred = microseconds(at)
        market.quoted_second = occurred // MICROSECONDS
        chance = stream(self._seed, listing.symbol, "depth", occurred)
        bid, ask = best_prices(market.log_price)
        bids = self._levels(market, chance, best=bid, step=-1)
        asks = self._levels(market, chance, best=ask, step=1)
        last_size = market.last_size
        return QuoteValue(
            instrument_id=listing.instrument_id,
            symbol=listing.symbol,
            bid=bids[0][0],
            bid_size=bids[0][1],
            ask=asks[0][0],
            ask_size=asks[0][1],
            last=market.last * listing.tick_size,
            last_size=None if last_size is None else last_size * listing.lot_size,
            previous_close=previous_close,
            bid_levels=bids,
            ask_levels=asks,
            occurred_at=at,
            source=SOURCE,
        )

    def _levels(
        self, market: Market, chance: random.Random, *, best: int, step: int
    ) -> tuple[Level, ...]:
        listing = market.listing
        gap = max(1, round(math.exp(market.log_price) * SPREAD))
        levels = []
        price = best
        for depth in range(LEVELS):
            if price < 1:
                break
            size = lots_worth(LEVEL_VALUE * (1 + 0.4 * depth), market, spread=0.5 * normal(chance))
            levels.append((price * listing.tick_size, size * listing.lot_size))
            price += step * chance.randint(1, gap)
        return tuple(levels)


def trade_at(market: Market, arrival: Arrival) -> Trade:
    """Move the market on to the arrival and let it trade."""
    wander(market, seconds=(arrival.at - market.moved_at) / MICROSECONDS, draw=arrival.move)
    market.moved_at = arrival.at
    bid, ask = best_prices(market.log_price)
    market.last = ask if arrival.side < 0.5 else bid
    market.last_size = lots_worth(TRADE_VALUE, market, spread=0.9 * arrival.crowd)
    return Trade(arrival.at, arrival.number, market.last, market.last_size)


def tick_value(listing: Listing, second: int, trade: Trade) -> TickValue:
    return TickValue(
        instrument_id=listing.instrument_id,
        occurred_at=moment(trade.at),
        provider_tick_id=f"{second}.{trade.number}",
        price=trade.price * listing.tick_size,
        size=trade.size * listing.lot_size,
        source=SOURCE,
    )


def arrivals(chance: random.Random, per_second: float) -> list[int]:
    """Moments of a Poisson process within one second, in microseconds, ascending."""
    moments = []
    passed = chance.expovariate(per_second)
    while passed < 1:
        moments.append(int(passed * MICROSECONDS))
        passed += chance.expovariate(per_second)
    return moments


def wander(market: Market, *, seconds: float, draw: float) -> None:
    """Move the price on by one step of an Ornstein-Uhlenbeck process, exact for any length.

    Source: Uhlenbeck and Ornstein, "On the theory of the Brownian motion", 1930, eq. 4.
    """
    step = min(max(seconds, 0.0), LONGEST_STEP_SECONDS)
    kept = math.exp(-step / PULL_SECONDS)
    reach = market.listing.volatility * math.sqrt(1 - kept * kept)
    distance = (market.log_price - market.log_anchor) * kept + reach * draw
    # A price that begins outside the band, after a change of anchor, walks back by its pull.
    widest = max(BAND, abs(market.log_price - market.log_anchor))
    market.log_price = max(0.0, market.log_anchor + min(max(distance, -widest), widest))


def best_prices(log_price: float) -> tuple[int, int]:
    """Bid and ask in ticks, the bid at least one tick and below the ask."""
    middle = math.exp(log_price)
    spread = max(1, round(middle * SPREAD))
    bid = max(1, math.floor(middle - spread / 2 + 0.5))
    return bid, bid + spread


def lots_worth(value: float, market: Market, *, spread: float) -> int:
    """How many lots are worth about that much currency, varied by ``exp(spread)``; at least 1."""
    listing = market.listing
    lot_value = math.exp(market.log_price) * float(listing.tick_size) * float(listing.lot_size)
    return max(1, round(value / lot_value * math.exp(spread)))


def microseconds(at: datetime) -> int:
    """Whole microseconds since 1970, exact."""
    return (at - EPOCH) // timedelta(microseconds=1)


def moment(at: int) -> datetime:
    return EPOCH + timedelta(microseconds=at)
