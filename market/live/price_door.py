"""The door that live prices pass before anybody hears of them: quotes, alerts, books, valuations.

What cannot be true, and what jumps by the rule of ``market.intake.spikes``, is kept out and stands
in quarantine. The next price as far off confirms a new level and goes through, and what waited
before it is confirmed with it; the same word again confirms nothing. Where only the latest trade
waits, bid and ask go on with the trade before it. Of bids and asks those count by which somebody
would be paid too much: a bid above what is expected, an ask below it; that an empty book bids
nearly nothing is no mistake.

One thread lets batches in and looks into memory only; another renews what is expected, and looks
for what staff has released. What was released is let in where no later price came meanwhile.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from market.intake.providers import PriceBatch
from market.intake.refused_prices import (
    ConfirmedJump,
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
from market.live.waiting_prices import Side, Waiting, far_side, is_confirmed
from market.values import NOT_OF_A_MARKET, QuoteValue, TickValue


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
        """The batch without what must wait, which it names as refused, and what it confirms."""
        refused: list[RefusedPrice] = []
        confirmed: list[ConfirmedJump] = []
        ticks = self._admit_ticks(batch.ticks, refused, confirmed, at=at)
        quotes = self._admit_quotes(batch.quotes, refused, confirmed)
        return PriceBatch(tuple(quotes), tuple(ticks), tuple(refused), tuple(confirmed))

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
        self,
        ticks: Sequence[TickValue],
        refused: list[RefusedPrice],
        confirmed: list[ConfirmedJump],
        *,
        at: datetime,
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
                if tick.source not in NOT_OF_A_MARKET:
                    self._confirm(price, tick, band, confirmed)
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
            of_last=item,
            of_side=known.of_side if known else None,
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
            self._waiting[number] = replace(waiting, last=None, of_last=None)

    def _confirm(
        self,
        price: Decimal,
        by: TickValue | QuoteValue,
        band: Band,
        confirmed: list[ConfirmedJump],
    ) -> None:
        """Name what stands in quarantine and is confirmed by a price of what is let in."""
        waiting = self._waiting.get(by.instrument_id)
        if waiting is not None and (items := waiting.confirmed_by(price, band)):
            confirmed += [ConfirmedJump(item, price=price, by=by) for item in items]
            self._waiting[by.instrument_id] = waiting.without(items)

    def _admit_quotes(
        self,
        quotes: Sequence[QuoteValue],
        refused: list[RefusedPrice],
        confirmed: list[ConfirmedJump],
    ) -> Sequence[QuoteValue]:
        bands, admitted = self._bands.by_instrument, []
        for quote in quotes:
            band = bands.get(quote.instrument_id)
            if band is None or quote.source in NOT_OF_A_MARKET:
                admitted.append(quote)
            elif band.lowest <= quote.last <= band.highest and far_side(quote, band) is None:
                self._let(quote)
                admitted.append(quote)
            elif (sound := self._part_of(quote, band, refused, confirmed)) is not None:
                admitted.append(sound)
        return admitted

    def _let(self, quote: QuoteValue) -> None:
        number = quote.instrument_id
        self._let_in[number] = quote
        self._latest[number] = quote.last
        self._waiting.pop(number, None)

    def _part_of(
        self,
        quote: QuoteValue,
        band: Band,
        refused: list[RefusedPrice],
        confirmed: list[ConfirmedJump],
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
        else:
            self._confirm(quote.last, quote, band, confirmed)
        side = far_side(quote, band)
        known = waiting.side if waiting else None
        if side is not None and is_confirmed(side, band, shown=shown, before=before, known=known):
            self._confirm(side.price, quote, band, confirmed)
            side = None
        if side is not None:
            shown = None
        if not last_waits and side is None:
            self._let(quote)
            return quote
        self._keep_out(quote, band, refused, last=quote.last if last_waits else None, side=side)
        if shown is not None:
            self._let_in[number] = shown
        return shown

    def _keep_out(
        self,
        quote: QuoteValue,
        band: Band,
        refused: list[RefusedPrice],
        *,
        last: Decimal | None,
        side: Side | None,
    ) -> None:
        """Let its last price wait, or its bid or ask, or both; what waited already goes on so."""
        waiting = self._waiting.get(quote.instrument_id)
        is_new_last = last is not None and (waiting is None or waiting.last != last)
        is_new_side = side is not None and (waiting is None or waiting.side != side)
        if waiting is not None and not (is_new_last or is_new_side):
            of_last = waiting.of_last if last is not None else None
            of_side = waiting.of_side if side is not None else None
            self._waiting[quote.instrument_id] = replace(
                waiting, last=last, side=side, quote=quote, of_last=of_last, of_side=of_side
            )
            return
        found = quote.last if side is None else side.price
        item = RefusedQuote(quote, code=SPIKE, message=band.words(found))
        refused.append(item)
        known_last, known_side = (waiting.of_last, waiting.of_side) if waiting else (None, None)
        self._waiting[quote.instrument_id] = Waiting(
            item,
            last=last,
            side=side,
            quote=quote,
            of_last=item if is_new_last else known_last,
            of_side=item if is_new_side else known_side,
        )

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
