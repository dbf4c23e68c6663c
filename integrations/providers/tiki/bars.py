"""Tiki's minutes by its HTTP interface: parameters ``period``, ``time_from`` and ``time_to``."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings

from integrations import http
from integrations.providers.tiki.parsing import local_time, read_page
from market.intake.bar_providers import BadAnswer, ProvidedBar, ProviderBusy, ProviderUnavailable
from market.models import Instrument

PERIOD: Final = "1"  # minutes
PAGE: Final = timedelta(minutes=1_000)
MINUTE: Final = timedelta(minutes=1)
TOO_MANY: Final = 429
OK: Final = 200
SERVER_ERROR: Final = 500


class TikiBars:
    """Fulfils ``market.intake.bar_providers.BarProvider``; asks at ``settings.TIKI_URL``."""

    name: str = "tiki"

    def bars(
        self, instrument: Instrument, *, since: datetime, until: datetime
    ) -> Iterator[Sequence[ProvidedBar]]:
        while since < until:
            end = min(since + PAGE, until)
            page = sorted(self._page(instrument, since, end), key=lambda bar: bar.opened_at)
            if page:
                yield page
            since = end

    def _page(self, instrument: Instrument, since: datetime, until: datetime) -> list[ProvidedBar]:
        limits = settings.LIMITS
        query = {
            "symbol": instrument.symbol,
            "period": PERIOD,
            "time_from": local_time(since),
            # Theirs is the last minute itself.
            "time_to": local_time(until - MINUTE),
        }
        try:
            answer = http.get(
                settings.TIKI_URL,
                query=query,
                headers={},
                seconds=limits.provider_answer_seconds,
                size=limits.provider_answer_bytes,
            )
        except http.RequestFailed as error:
            raise ProviderUnavailable(f"tiki: {error}") from error
        if answer.status == TOO_MANY:
            wait = answer.retry_after_seconds(now=time.time())
            raise ProviderBusy(self.name, retry_after_seconds=wait)
        if answer.status >= SERVER_ERROR:
            raise ProviderUnavailable(f"tiki answered {answer.status}.")
        if answer.status != OK:
            raise BadAnswer(f"tiki answered {answer.status} to {instrument.symbol}.")
        return read_page(answer.body)
