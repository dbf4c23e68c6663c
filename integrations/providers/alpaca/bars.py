"""Alpaca's minutes by ``/v2/stocks/bars``, page by page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings

from integrations.providers.alpaca import client
from integrations.providers.alpaca.parsing import next_token, read_bars
from market.intake.bar_providers import BadAnswer, ProvidedBar
from market.models import Instrument
from market.values import wire_time

MINUTE: Final = timedelta(minutes=1)
PAGE_BARS: Final = 10_000


class AlpacaBars:
    """Fulfils ``market.intake.bar_providers.BarProvider``; see ``docs/providers.md``.

    Prices are as traded: ``adjustment=raw``, neither splits nor dividends are in them.
    """

    name: str = client.NAME

    def bars(
        self, instrument: Instrument, *, since: datetime, until: datetime
    ) -> Iterator[Sequence[ProvidedBar]]:
        symbol = client.symbol_there(
            instrument.symbol,
            mic=instrument.exchange_id,
            provider_symbols=instrument.provider_symbols,
        )
        query = {
            "symbols": symbol,
            "timeframe": "1Min",
            "start": wire_time(since),
            # Theirs is the last minute itself.
            "end": wire_time(until - MINUTE),
            "limit": str(PAGE_BARS),
            "adjustment": "raw",
            "sort": "asc",
        }
        for _ in range(settings.LIMITS.provider_pages):
            page = client.get("/v2/stocks/bars", about=symbol, query=query)
            if bars := sorted(read_bars(page, symbol=symbol), key=lambda bar: bar.opened_at):
                yield bars
            token = next_token(page)
            if token is None:
                return
            if token == query.get("page_token"):
                raise BadAnswer("alpaca: the next page is the same page again.")
            query["page_token"] = token
        raise BadAnswer(f"alpaca: more than {settings.LIMITS.provider_pages} pages of {symbol}.")
