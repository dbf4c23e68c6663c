"""Who brings prices in: the protocols that every source fulfils, and the classes settings name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from threading import Event
from typing import Protocol, cast

from django.conf import settings
from django.utils.module_loading import import_string

from market.intake.refused_prices import ConfirmedJump, RefusedPrice
from market.models import Instrument
from market.values import BarValue, Interval, QuoteValue, TickValue


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedInstrument:
    """What a live source must know of an instrument it is to watch."""

    instrument_id: int
    symbol: str
    mic: str
    timezone: str  # IANA name
    currency: str
    tick_size: Decimal  # currency
    lot_size: Decimal  # units
    previous_close: Decimal | None  # of the session before the current one
    provider_symbols: str = ""  # what providers call it, where they call it otherwise


@dataclass(frozen=True, slots=True)
class PriceBatch:
    """What became known together: at most one quote per instrument, ticks in order of time.

    ``refused`` is what our own door kept out of it, ``confirmed`` what it kept out before and this
    batch confirms; a provider leaves both empty.
    """

    quotes: tuple[QuoteValue, ...]
    ticks: tuple[TickValue, ...]
    refused: tuple[RefusedPrice, ...] = ()
    confirmed: tuple[ConfirmedJump, ...] = ()


class LiveProvider(Protocol):
    """A source of prices as they happen."""

    def watch(self, instruments: Sequence[ListedInstrument]) -> None:
        """Bring prices of exactly these instruments from now on.

        It may query, and is called from another thread than the one that takes batches.

        Raises:
            django.db.DatabaseError: the database is away; the caller tries again later.
        """

    def batches(self, stop: Event) -> Iterator[PriceBatch]:
        """Yield batches, empty ones too, at least once a second until ``stop`` is set."""


class HistoryProvider(Protocol):
    """A source of past prices."""

    source: str  # what stored bars of this source are marked with

    def bars(
        self, instrument: Instrument, *, interval: Interval, start_date: date, end_date: date
    ) -> list[BarValue]:
        """Bars of the sessions from ``start_date`` to ``end_date``, both included, ascending.

        Raises:
            ValueError: the source has no bars of that interval.
        """

    def backfill(self, instruments: Iterable[Instrument], *, now: datetime) -> int:
        """Store the bars missing between the stored history and the latest ended session.

        Repeated, it adds nothing. Returns the number of bars written.
        """


def live_provider() -> LiveProvider:
    """A new source of live prices, of the class ``settings.LIVE_PROVIDER``."""
    return cast("LiveProvider", import_string(settings.LIVE_PROVIDER)())


def history_provider() -> HistoryProvider:
    """A source of past prices, of the class ``settings.HISTORY_PROVIDER``."""
    return cast("HistoryProvider", import_string(settings.HISTORY_PROVIDER)())
