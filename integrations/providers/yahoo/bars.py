"""Yahoo's minutes and days, by yfinance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from integrations.providers.yahoo.errors import NothingThere
from integrations.providers.yahoo.parsing import action_rows_of, actions_of, bars_of, rows_of
from integrations.providers.yahoo.symbols import NAME, NoSuffix, currency_of, symbol_there
from market import calendar
from market.corporate_actions.facts import ActionFacts
from market.intake.bar_providers import BadAnswer, ProvidedBar
from market.models import Instrument

if TYPE_CHECKING:
    from integrations.providers.yahoo.client import YahooSession

PAGE: Final = timedelta(days=5)  # Yahoo gives a week of minutes at a time
DAY: Final = timedelta(days=1)


class YahooBars:
    """Fulfils ``BarProvider``, ``DayProvider`` and ``ActionProvider``; see ``docs/providers.md``.

    Prices are not adjusted for dividends (``auto_adjust=False``); splits are in them up to the
    moment they are asked for, as Yahoo has no others.
    """

    name: str = NAME

    def __init__(self, session: YahooSession | None = None) -> None:
        self._session = session

    def bars(
        self, instrument: Instrument, *, since: datetime, until: datetime
    ) -> Iterator[Sequence[ProvidedBar]]:
        while since < until:
            end = min(since + PAGE, until)
            bars = self._history(instrument, start=since, end=end, interval="1m")
            if bars:
                yield bars
            since = end

    def days(self, instrument: Instrument, *, since: date, until: date) -> Sequence[ProvidedBar]:
        found = self._history(instrument, start=since, end=until + DAY, interval="1d")
        zone = instrument.exchange.timezone
        by_date = [(bar, calendar.local_date(bar.opened_at, zone)) for bar in found]
        return [
            replace(bar, opened_at=calendar.local_midnight(on, zone))
            for bar, on in by_date
            if since <= on <= until
        ]

    def actions(self, instrument: Instrument, *, since: date, until: date) -> list[ActionFacts]:
        try:
            # Up to now, because splits after a dividend are in its amount.
            frame, theirs = self._ask(instrument, start=since, end=until + DAY, interval="1d")
        except NothingThere:
            return []
        ours = instrument.currency
        try:
            found = actions_of(action_rows_of(frame), theirs=currency_of(theirs), ours=ours)
        except (KeyError, ValueError, OverflowError) as error:
            raise BadAnswer(f"yahoo: an action cannot be read: {error!r:.200}") from error
        return [one for one in found if since <= one.ex_date <= until]

    def _history(self, instrument: Instrument, **wanted: Any) -> list[ProvidedBar]:
        try:
            frame, theirs = self._ask(instrument, **wanted)
        except NothingThere:
            return []
        ours = instrument.currency
        found = bars_of(rows_of(frame), theirs=currency_of(theirs), ours=ours)
        return sorted(found, key=lambda bar: bar.opened_at)

    def _ask(self, instrument: Instrument, **wanted: Any) -> tuple[Any, str]:
        """A frame of the library, and the currency it names.

        Raises:
            ProviderError: there is none; ``NothingThere`` of that span.
        """
        # Only whoever asks Yahoo waits the second that the library takes to be imported.
        from integrations.providers.yahoo.client import YahooSession, history  # noqa: PLC0415

        if self._session is None:
            self._session = YahooSession()
        return history(self._symbol(instrument), self._session, **wanted)

    def _symbol(self, instrument: Instrument) -> str:
        try:
            return symbol_there(
                instrument.symbol,
                mic=instrument.exchange_id,
                provider_symbols=instrument.provider_symbols,
            )
        except NoSuffix as error:
            raise BadAnswer(f"yahoo: its suffix for {error} is not known.") from error
