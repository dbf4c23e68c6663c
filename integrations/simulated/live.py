"""Live prices of the simulated exchange."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from threading import Event
from typing import Final

from django.conf import settings

from integrations.simulated.exchange import Listing, Market, SimulatedExchange
from integrations.simulated.paths import TRADING_DAYS, YEARLY_PULL
from integrations.simulated.records import (
    Past,
    newest_prices,
    pasts,
    starting_price,
    unknown_factor,
)
from market import calendar, sessions
from market.corporate_actions.adjustment import Split
from market.corporate_actions.live_splits import times
from market.corporate_actions.split_factors import Splits, splits_of
from market.intake.providers import ListedInstrument, PriceBatch
from market.values import QuoteValue, TickValue

BATCH_SECONDS: Final = 0.1
# After a longer pause, as when a laptop slept, what was missed is not made up.
LONGEST_CATCH_UP: Final = timedelta(seconds=5)
HOURS_SECONDS: Final = 1.0  # how often an exchange is asked whether it is open


Markets = dict[int, tuple[ListedInstrument, Market]]


def utc_now() -> datetime:
    return datetime.now(UTC)


class SimulatedLive:
    """The live provider of the demo: every watched instrument trades and is quoted."""

    def __init__(
        self,
        *,
        seed: int | None = None,
        trades_per_second: float | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._exchange = SimulatedExchange(seed=settings.SIMULATOR_SEED if seed is None else seed)
        self._trades_per_second = trades_per_second or float(settings.SIMULATOR_TICKS_PER_SECOND)
        self._clock = clock
        self._pasts: dict[int, Past] = {}
        self._markets: Markets = {}
        self._open: dict[str, tuple[datetime, bool]] = {}
        self._splits: Splits = {}
        self._listed_at = self._clock()
        self._split_until: dict[int, datetime] = {}  # splits up to then are in the prices

    def watch(self, instruments: Sequence[ListedInstrument]) -> None:
        """Simulate exactly these from now on; those without any past price are left out."""
        at = self._clock()
        new_ids = [
            listed.instrument_id
            for listed in instruments
            if listed.instrument_id not in self._markets
        ]
        self._pasts |= pasts(new_ids)
        newest = newest_prices(new_ids)
        splits = self._known_splits()
        markets: Markets = {}
        for listed in instruments:
            number = listed.instrument_id
            past = self._pasts.get(number)
            if past is None:
                continue
            if number in self._markets:
                _, market = self._markets[number]
            else:
                price, priced_at = starting_price(past, newest.get(number))
                price *= unknown_factor(splits.get(number, ()), after=priced_at, until=at)
                market = self._open_market(listed, past, price=price, at=at)
                self._split_until[number] = at
            market.log_anchor = anchor_of(listed, past, splits=splits.get(number, ()), at=at)
            markets[number] = (listed, market)
        # Replaced whole, because batches are made in another thread.
        self._splits, self._listed_at = splits, at
        self._markets = markets

    def _known_splits(self) -> Splits:
        """Splits since the oldest trend that prices are drawn to."""
        if not self._pasts:
            return {}
        first = min(past.character.trend_date for past in self._pasts.values())
        return splits_of(list(self._pasts), since=first)

    def _open_market(
        self, listed: ListedInstrument, past: Past, *, price: Decimal, at: datetime
    ) -> Market:
        listing = Listing(
            instrument_id=listed.instrument_id,
            symbol=listed.symbol,
            tick_size=listed.tick_size,
            lot_size=listed.lot_size,
            volatility=past.character.volatility,
            trades_per_second=self._trades_per_second,
        )
        return self._exchange.open_market(listing, price=price, at=at)

    def batches(self, stop: Event) -> Iterator[PriceBatch]:
        while not stop.wait(BATCH_SECONDS):
            yield self.batch(at=self._clock())

    def batch(self, *, at: datetime) -> PriceBatch:
        """All that happened since the latest batch."""
        quotes: list[QuoteValue] = []
        ticks: list[TickValue] = []
        markets = self._markets
        for number, (listed, market) in markets.items():
            self._exchange.skip(market, until=at - LONGEST_CATCH_UP)
            if not self._is_open(listed.mic, at):
                self._exchange.skip(market, until=at)
                continue
            made = [*self._split(markets, number, at=at), *self._exchange.ticks(market, until=at)]
            ticks += made
            if made or self._exchange.is_quote_due(market, at=at):
                quoted_at = made[-1].occurred_at if made else at
                close = markets[number][0].previous_close
                quotes.append(self._exchange.quote(market, at=quoted_at, previous_close=close))
        ticks.sort(key=lambda tick: tick.occurred_at)
        return PriceBatch(tuple(quotes), tuple(ticks))

    def _split(self, markets: Markets, number: int, *, at: datetime) -> list[TickValue]:
        """Take in a split that has taken effect; returns the trades up to it."""
        made: list[TickValue] = []
        for split in self._splits.get(number, ()):
            if split.is_in_history or not self._split_until[number] < split.ex_at <= at:
                continue
            listed, market = markets[number]
            made += self._exchange.ticks(market, until=split.ex_at)
            self._exchange.split(market, split.factor)
            # The listing may be some seconds old.
            if self._listed_at < split.ex_at:
                market.log_anchor += math.log(split.factor)
                close = listed.previous_close
                listed = replace(listed, previous_close=close and times(close, split.factor))
                markets[number] = (listed, market)
        self._split_until[number] = at
        return made

    def _is_open(self, mic: str, at: datetime) -> bool:
        asked_at, is_open = self._open.get(mic, (None, False))
        if asked_at is None or (at - asked_at).total_seconds() >= HOURS_SECONDS:
            is_open = sessions.is_open(at, mic)
            self._open[mic] = (at, is_open)
        return is_open


def anchor_of(
    listed: ListedInstrument, past: Past, *, splits: Sequence[Split], at: datetime
) -> float:
    """The logarithm, in ticks, that the day's prices are drawn to.

    The previous close, moved to the long-run trend by one day's share of its pull.
    """
    close = listed.previous_close or past.newest.close
    log_close = math.log(max(1.0, float(close / listed.tick_size)))
    share = YEARLY_PULL / TRADING_DAYS
    known_at = calendar.local_midnight(past.character.trend_date, listed.timezone)
    trend = past.character.trend_at(at.date())
    trend += math.log(unknown_factor(splits, after=known_at, until=at))
    return log_close + share * (trend - log_close)
