"""Alpaca's trades and quotes as the live feed: ``LIVE_PROVIDER=alpaca``."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from threading import Event
from typing import Any, Final

from integrations.providers.alpaca import client
from integrations.providers.alpaca.messages import (
    TRADE,
    Message,
    TopOfBook,
    Trade,
    read_quote,
    read_trade,
)
from integrations.providers.alpaca.stream import AlpacaStream
from market.intake.bar_providers import BadAnswer, ProviderError
from market.intake.providers import ListedInstrument, PriceBatch
from market.values import QuoteValue, TickValue

logger = logging.getLogger(__name__)

BATCH_SECONDS: Final = 0.1
STOP_SECONDS: Final = 2.0
ASKED_AT_ONCE: Final = 200


@dataclass
class Known:
    """One instrument's newest trade and quote."""

    trade: Trade | None = None
    top: TopOfBook | None = None

    def take_trade(self, trade: Trade) -> None:
        """Late reports of earlier trades are ticks, and change no last price."""
        is_newer = self.trade is None or trade.occurred_at >= self.trade.occurred_at
        if is_newer and trade.price > 0:
            self.trade = trade

    def quote(self, listed: ListedInstrument) -> QuoteValue | None:
        """None before a trade is known."""
        if self.trade is None:
            return None
        top = self.top
        moments = [self.trade.occurred_at, *([top.occurred_at] if top else [])]
        bid, bid_size = (top.bid, top.bid_size) if top else (None, None)
        ask, ask_size = (top.ask, top.ask_size) if top else (None, None)
        return QuoteValue(
            instrument_id=listed.instrument_id,
            symbol=listed.symbol,
            bid=bid,
            bid_size=bid_size,
            ask=ask,
            ask_size=ask_size,
            last=self.trade.price,
            last_size=self.trade.size,
            previous_close=listed.previous_close,
            occurred_at=max(moments),
            source=client.NAME,
        )


class AlpacaLive:
    """Fulfils ``market.intake.providers.LiveProvider``; see ``docs/providers.md``.

    It watches what is listed in the United States. What instruments last cost is asked for once
    a connection stands, so that a quiet one has a price before its next trade.
    """

    def __init__(self) -> None:
        self._listed: dict[str, ListedInstrument] = {}  # by Alpaca's symbol
        self._known: dict[str, Known] = {}
        self._changed: set[str] = set()  # since the latest batch
        self._to_ask: set[str] = set()  # whose newest prices are to be asked for
        self._lock = threading.Lock()
        self._stream = AlpacaStream(on_connected=self._ask_all_anew)

    def watch(self, instruments: Sequence[ListedInstrument]) -> None:
        found: dict[str, ListedInstrument] = {}
        for listed in instruments:
            with suppress(BadAnswer):  # it has nothing of that exchange
                symbol = client.symbol_there(
                    listed.symbol, mic=listed.mic, provider_symbols=listed.provider_symbols
                )
                found[symbol] = listed
        with self._lock:
            self._to_ask |= found.keys() - self._listed.keys()
            # Replaced whole, because batches are made in another thread.
            self._listed = found
        self._stream.want(found)

    def batches(self, stop: Event) -> Iterator[PriceBatch]:
        over = threading.Event()
        asking = threading.Thread(
            target=self._keep_asking, args=(over,), name="alpaca newest", daemon=True
        )
        self._stream.start()
        asking.start()
        try:
            while not stop.is_set():
                yield self.batch(self._stream.take(seconds=BATCH_SECONDS))
        finally:
            over.set()
            self._stream.stop(timeout_seconds=STOP_SECONDS)

    def batch(self, messages: Sequence[Message]) -> PriceBatch:
        """What is new of watched instruments; messages that cannot be read are passed over."""
        listed = self._listed
        ticks: list[TickValue] = []
        for message in messages:
            try:
                if message.get("T") == TRADE:
                    trade = read_trade(message)
                    self._take(trade.symbol, trade=trade)
                    if trade.symbol in listed:
                        ticks.append(tick_of(trade, listed[trade.symbol]))
                else:
                    top = read_quote(message)
                    self._take(top.symbol, top=top)
            except BadAnswer as error:
                logger.warning("%s", error)
        with self._lock:
            changed, self._changed = self._changed, set()
            found = [
                self._known[symbol].quote(listed[symbol])
                for symbol in sorted(changed & listed.keys())
            ]
        ticks.sort(key=lambda tick: tick.occurred_at)
        return PriceBatch(tuple(quote for quote in found if quote), tuple(ticks))

    def _take(
        self, symbol: str, *, trade: Trade | None = None, top: TopOfBook | None = None
    ) -> None:
        with self._lock:
            self._changed.add(symbol)
            known = self._known.setdefault(symbol, Known())
            if trade is not None:
                known.take_trade(trade)
            if top is not None and (known.top is None or top.occurred_at >= known.top.occurred_at):
                known.top = top

    def _ask_all_anew(self) -> None:
        """The stream stands again: something may have happened meanwhile."""
        with self._lock:
            self._to_ask |= self._listed.keys()

    def _keep_asking(self, over: Event) -> None:
        while not over.wait(BATCH_SECONDS):
            with self._lock:
                symbols = sorted(self._to_ask)[:ASKED_AT_ONCE]
            if not symbols:
                continue
            try:
                self._ask_newest(symbols)
            except ProviderError as error:
                logger.warning("What instruments last cost is not known: %s", error)
                over.wait(STOP_SECONDS)
                continue
            with self._lock:
                self._to_ask -= set(symbols)

    def _ask_newest(self, symbols: Sequence[str]) -> None:
        """Raises:
        ProviderError: there is no answer, or an unreadable one.
        """
        query = {"symbols": ",".join(symbols)}
        about = f"{len(symbols)} symbols"
        trades = client.get("/v2/stocks/trades/latest", about=about, query=query)
        for symbol, found in newest_of(trades, "trades").items():
            self._take(symbol, trade=read_trade(found, symbol=symbol))
        quotes = client.get("/v2/stocks/quotes/latest", about=about, query=query)
        for symbol, found in newest_of(quotes, "quotes").items():
            self._take(symbol, top=read_quote(found, symbol=symbol))


def newest_of(answer: Mapping[str, Any], name: str) -> dict[str, Message]:
    """Raises:
    BadAnswer: it is no such answer.
    """
    found = answer.get(name)
    if not isinstance(found, dict) or not all(isinstance(one, dict) for one in found.values()):
        raise BadAnswer(f"alpaca: the answer has no {name}.")
    return found


def tick_of(trade: Trade, listed: ListedInstrument) -> TickValue:
    return TickValue(
        instrument_id=listed.instrument_id,
        occurred_at=trade.occurred_at,
        provider_tick_id=trade.trade_id,
        price=trade.price,
        size=trade.size,
        source=client.NAME,
    )
