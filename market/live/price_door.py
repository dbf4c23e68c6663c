"""The door that live prices pass before anybody hears of them: quotes, alerts, books, valuations.

What cannot be true, and what jumps by the rule of ``market.intake.spikes``, is kept out and stands
in quarantine. The next price as far off confirms a new level and goes through; the same word
again confirms nothing. Where only the latest trade waits, bid and ask go on with the trade before
it. Of bids and asks those count by which somebody would be paid too much: a bid above what is
expected, an ask below it; that an empty book bids nearly nothing is no mistake.

One thread lets batches in and looks into memory only; another renews what is expected, and looks
for what staff has released. What was released is let in where no later price came meanwhile.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Literal, NamedTuple

from market.intake.providers import PriceBatch
from market.intake.refused_prices import (
    RefusedPrice,
    RefusedQuote,
    RefusedTick,
    released_of,
    value_of,
)
from market.intake.spikes import CODE as SPIKE
from market.intake.spikes import Band, Bands
from market.intake.tick_columns import TickColumns
from market.intake.tick_rules import CLOCK_TOLERANCE, are_all_sound, find_problem
from market.values import NOT_OF_A_MARKET, QuoteValue, TickValue


class Side(NamedTuple):
    name: Literal["bid", "ask"]
    price: Decimal


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is kept out of one instrument."""

    item: RefusedPrice  # as it stands in quarantine
    last: Decimal | None = None  # the price of the trade that waits, if one does
    side: Side | None = None  # the bid or ask that waits, if one does
    quote: QuoteValue | None = None  # the newest, as its provider says it
    is_released: bool = False  # at another price than its provider goes on saying


class PriceDoor:
    """Knows what each instrument of one shard cost a moment ago, and what waits of it."""

    def __init__(self) -> None:
        self._bands = Bands()
        self._latest: dict[int, Decimal] = {}  # the price just before, also one that waits
        self._let_in: dict[int, QuoteValue] = {}
        self._waiting: dict[int, Waiting] = {}
        self._released: deque[tuple[RefusedPrice, Decimal]] = deque()

    def renew(self, instrument_ids: Iterable[int], *, at: datetime) -> None:
        """Look up what prices are expected of instruments, where that is long ago.

        Raises:
            django.db.DatabaseError: the database is away; what is known stays.
        """
        self._bands.renew(instrument_ids, at=at)

    def look_for_released(self) -> None:
        """See whether staff has released what waits; one query, or none where nothing waits.

        Raises:
            django.db.DatabaseError: the database is away.
        """
        waiting = [one.item for one in self._waiting.copy().values() if not one.is_released]
        if waiting:
            self._released.extend(released_of(waiting))

    def admit(self, batch: PriceBatch, *, at: datetime) -> PriceBatch:
        """The batch without what must wait, which it names as refused."""
        refused: list[RefusedPrice] = []
        ticks = self._admit_ticks(batch.ticks, refused, at=at)
        quotes = self._admit_quotes(batch.quotes, refused)
        return PriceBatch(tuple(quotes), tuple(ticks), tuple(refused))

    def take_released(self) -> list[PriceBatch]:
        """What staff has released, where no later price came meanwhile."""
        found = []
        while self._released:
            item, price = self._released.popleft()
            waiting = self._waiting.get(value_of(item).instrument_id)
            if waiting is not None and waiting.item is item and not waiting.is_released:
                found.append(self._release(waiting, price))
        return found

    def _admit_ticks(
        self, ticks: Sequence[TickValue], refused: list[RefusedPrice], *, at: datetime
    ) -> Sequence[TickValue]:
        columns = TickColumns.of(ticks)
        latest_at = at + CLOCK_TOLERANCE
        if not are_all_sound(columns, latest_at=latest_at):
            judged = [(tick, find_problem(tick, latest_at=latest_at)) for tick in ticks]
            refused += [RefusedTick(tick, *problem) for tick, problem in judged if problem]
            ticks = [tick for tick, problem in judged if not problem]
            columns = TickColumns.of(ticks)
        bands, latest, waiting = self._bands.by_instrument, self._latest, self._waiting
        spikes: set[TickValue] = set()
        for place in columns.in_time():
            tick = ticks[place]
            number, price = tick.instrument_id, tick.price
            band = bands.get(number)
            if band is None:
                continue
            if not band.lowest <= price <= band.highest and self._waits(tick, band, refused):
                spikes.add(tick)
                continue
            latest[number] = price
            if number in waiting:
                self._forget_trade(number, before=tick.occurred_at)
        return [tick for tick in ticks if tick not in spikes] if spikes else ticks

    def _waits(self, tick: TickValue, band: Band, refused: list[RefusedPrice]) -> bool:
        """Whether a tick far off has jumped there; then it is the price just before the next."""
        number = tick.instrument_id
        if tick.source in NOT_OF_A_MARKET:
            return False
        known = self._waiting.get(number)
        if known is not None and isinstance(known.item, RefusedTick) and known.item.tick == tick:
            return True  # sent twice, which confirms nothing
        if not band.is_spike(tick.price, previous=self._latest.get(number)):
            return False
        self._latest[number] = tick.price
        item = RefusedTick(tick, code=SPIKE, message=band.words(tick.price))
        refused.append(item)
        self._waiting[number] = Waiting(
            item,
            last=tick.price,
            side=known.side if known else None,
            quote=known.quote if known else None,
        )
        return True

    def _forget_trade(self, number: int, *, before: datetime) -> None:
        """A later price came; a bid or ask may go on waiting."""
        waiting = self._waiting[number]
        if waiting.last is None or value_of(waiting.item).occurred_at > before:
            return
        if waiting.side is None:
            del self._waiting[number]
        else:
            self._waiting[number] = replace(waiting, last=None)

    def _admit_quotes(
        self, quotes: Sequence[QuoteValue], refused: list[RefusedPrice]
    ) -> Sequence[QuoteValue]:
        bands, admitted = self._bands.by_instrument, []
        for quote in quotes:
            band = bands.get(quote.instrument_id)
            if band is None or quote.source in NOT_OF_A_MARKET:
                admitted.append(quote)
            elif band.lowest <= quote.last <= band.highest and far_side(quote, band) is None:
                self._let(quote)
                admitted.append(quote)
            elif (sound := self._part_of(quote, band, refused)) is not None:
                admitted.append(sound)
        return admitted

    def _let(self, quote: QuoteValue) -> None:
        number = quote.instrument_id
        self._let_in[number] = quote
        self._latest[number] = quote.last
        self._waiting.pop(number, None)

    def _part_of(
        self, quote: QuoteValue, band: Band, refused: list[RefusedPrice]
    ) -> QuoteValue | None:
        """What may be let in of a quote with a price far off; None for nothing."""
        number = quote.instrument_id
        before, waiting = self._let_in.get(number), self._waiting.get(number)
        is_repeated = waiting is not None and waiting.last == quote.last
        last_waits = is_repeated or band.is_spike(quote.last, previous=self._latest.get(number))
        shown: QuoteValue | None = quote
        if last_waits:
            shown = before and replace(quote, last=before.last, last_size=before.last_size)
            self._latest[number] = quote.last
        side = far_side(quote, band)
        known = waiting.side if waiting else None
        if side is not None and is_confirmed(side, band, shown=shown, before=before, known=known):
            side = None
        if side is not None:
            shown = None
        if not last_waits and side is None:
            self._let(quote)
            return quote
        last = quote.last if last_waits else None
        is_new = (last_waits and not is_repeated) or (side is not None and side != known)
        if waiting is None or is_new:
            found = quote.last if side is None else side.price
            item = RefusedQuote(quote, code=SPIKE, message=band.words(found))
            refused.append(item)
            self._waiting[number] = Waiting(item, last=last, side=side, quote=quote)
        else:
            self._waiting[number] = replace(waiting, last=last, side=side, quote=quote)
        if shown is not None:
            self._let_in[number] = shown
        return shown

    def _release(self, waiting: Waiting, price: Decimal) -> PriceBatch:
        item = waiting.item
        number = value_of(item).instrument_id
        if isinstance(item, RefusedQuote):
            quote = waiting.quote or item.quote
            self._let(quote)
            return PriceBatch((quote,), ())
        tick = replace(item.tick, price=price)
        base = waiting.quote or self._let_in.get(number)
        quotes = []
        if base is not None:
            at = max(base.occurred_at, tick.occurred_at)
            quote = replace(base, last=price, last_size=tick.size, occurred_at=at)
            self._let(quote)
            quotes.append(quote)
        self._latest[number] = price
        if price == waiting.last:
            self._waiting.pop(number, None)
        else:
            self._waiting[number] = replace(waiting, quote=None, is_released=True)
        return PriceBatch(tuple(quotes), (tick,))


def far_side(quote: QuoteValue, band: Band) -> Side | None:
    """A bid above, or an ask below what is expected."""
    if quote.bid is not None and quote.bid > band.highest:
        return Side("bid", quote.bid)
    if quote.ask is not None and quote.ask < band.lowest:
        return Side("ask", quote.ask)
    return None


def is_confirmed(
    side: Side,
    band: Band,
    *,
    shown: QuoteValue | None,
    before: QuoteValue | None,
    known: Side | None,
) -> bool:
    """Whether a bid or ask far off is near the trade, the one let in before, or another word."""
    near = [shown.last] if shown else []
    former: Decimal | None = getattr(before, side.name, None)
    if former is not None:
        near.append(former)
    if known is not None and known.name == side.name and known != side:
        near.append(known.price)
    return any(not band.is_spike(side.price, previous=price) for price in near)
