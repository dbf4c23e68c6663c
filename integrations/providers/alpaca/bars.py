"""Alpaca's minutes and days by ``/v2/stocks/bars``, page by page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Final

from django.conf import settings

from integrations.providers.alpaca import client
from integrations.providers.alpaca.parsing import next_token, read_bars
from market import calendar
from market.intake.bar_providers import BadAnswer, ProvidedBar
from market.models import Instrument
from market.values import wire_time

MINUTE: Final = timedelta(minutes=1)
PAGE_BARS: Final = 10_000


class AlpacaBars:
    """Fulfils ``BarProvider`` and ``DayProvider``; see ``docs/providers.md``.

    Splits up to now are in them (``adjustment=split``), dividends are not.
    """

    name: str = client.NAME

    def bars(
        self, instrument: Instrument, *, since: datetime, until: datetime
    ) -> Iterator[Sequence[ProvidedBar]]:
        span = {
            "timeframe": "1Min",
            "start": wire_time(since),
            # Theirs is the last minute itself.
            "end": wire_time(until - MINUTE),
        }
        yield from self._pages(instrument, span)

    def days(self, instrument: Instrument, *, since: date, until: date) -> Sequence[ProvidedBar]:
        span = {
            "timeframe": "1Day",
            "start": since.isoformat(),
            "end": until.isoformat(),
        }
        zone = instrument.exchange.timezone
        found = [bar for page in self._pages(instrument, span) for bar in page]
        by_date = [(bar, calendar.local_date(bar.opened_at, zone)) for bar in found]
        return [
            replace(bar, opened_at=calendar.local_midnight(on, zone))
            for bar, on in by_date
            if since <= on <= until
        ]

    def _pages(
        self, instrument: Instrument, span: Mapping[str, str]
    ) -> Iterator[Sequence[ProvidedBar]]:
        symbol = client.symbol_there(
            instrument.symbol,
            mic=instrument.exchange_id,
            provider_symbols=instrument.provider_symbols,
        )
        query = {
            **span,
            "symbols": symbol,
            "adjustment": "split",
            "limit": str(PAGE_BARS),
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
