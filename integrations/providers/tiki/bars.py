"""Tiki's minutes by its HTTP interface: parameters ``period``, ``time_from`` and ``time_to``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings

from integrations.providers.asking import ask
from integrations.providers.tiki.parsing import local_time, read_page
from market.instruments.provider_symbols import own_symbol
from market.intake.bar_providers import ProvidedBar
from market.models import Instrument

PERIOD: Final = "1"  # minutes
PAGE: Final = timedelta(minutes=1_000)
MINUTE: Final = timedelta(minutes=1)


class TikiBars:
    """Fulfils ``market.intake.bar_providers.BarProvider``; asks at ``settings.TIKI_URL``."""

    name: str = "tiki"

    def bars(
        self, instrument: Instrument, *, since: datetime, until: datetime
    ) -> Iterator[Sequence[ProvidedBar]]:
        symbol = own_symbol(instrument.provider_symbols, self.name) or instrument.symbol
        while since < until:
            end = min(since + PAGE, until)
            page = sorted(self._page(symbol, since, end), key=lambda bar: bar.opened_at)
            if page:
                yield page
            since = end

    def _page(self, symbol: str, since: datetime, until: datetime) -> list[ProvidedBar]:
        query = {
            "symbol": symbol,
            "period": PERIOD,
            "time_from": local_time(since),
            # Theirs is the last minute itself.
            "time_to": local_time(until - MINUTE),
        }
        return read_page(ask(self.name, settings.TIKI_URL, about=symbol, query=query, headers={}))
