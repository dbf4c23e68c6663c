"""Yahoo's minutes, by yfinance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from integrations.providers.yahoo.errors import NothingThere
from integrations.providers.yahoo.parsing import bars_of, rows_of
from integrations.providers.yahoo.symbols import NAME, NoSuffix, currency_of, symbol_there
from market.intake.bar_providers import BadAnswer, ProvidedBar
from market.models import Instrument

if TYPE_CHECKING:
    from integrations.providers.yahoo.client import YahooSession

PAGE: Final = timedelta(days=5)  # Yahoo gives a week of minutes at a time
MINUTE: Final = timedelta(minutes=1)


class YahooBars:
    """Fulfils ``market.intake.bar_providers.BarProvider``; see ``docs/providers.md``.

    Prices are not adjusted for dividends (``auto_adjust=False``); splits are in them up to the
    moment they are asked for, as Yahoo has no others.
    """

    name: str = NAME

    def __init__(self, session: YahooSession | None = None) -> None:
        self._session = session

    def bars(
        self, instrument: Instrument, *, since: datetime, until: datetime
    ) -> Iterator[Sequence[ProvidedBar]]:
        try:
            symbol = symbol_there(
                instrument.symbol,
                mic=instrument.exchange_id,
                provider_symbols=instrument.provider_symbols,
            )
        except NoSuffix as error:
            raise BadAnswer(f"yahoo: its suffix for {error} is not known.") from error
        while since < until:
            end = min(since + PAGE, until)
            bars = self._page(symbol, since, end, currency=instrument.currency)
            if bars:
                yield bars
            since = end

    def _page(
        self, symbol: str, since: datetime, until: datetime, *, currency: str
    ) -> list[ProvidedBar]:
        # Only whoever asks Yahoo waits the second that the library takes to be imported.
        from integrations.providers.yahoo.client import YahooSession, history  # noqa: PLC0415

        if self._session is None:
            self._session = YahooSession()
        try:
            frame, theirs = history(symbol, self._session, start=since, end=until, interval="1m")
            found = list(bars_of(rows_of(frame), theirs=currency_of(theirs), ours=currency))
        except NothingThere:
            return []
        return sorted(found, key=lambda bar: bar.opened_at)
