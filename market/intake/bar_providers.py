"""Who is asked for missing minutes: the protocol, the chains, and what may go wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final, Protocol, cast, runtime_checkable

from django.conf import settings
from django.utils.module_loading import import_string

from market.corporate_actions.facts import ActionFacts
from market.errors import MarketError
from market.models import Instrument

EVERYTHING: Final = "*"


@dataclass(frozen=True, slots=True)
class ProvidedBar:
    """A minute or day as a provider tells it, sound or not; in ``currency`` where it names one."""

    opened_at: datetime  # aware
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    currency: str | None = None


class ProviderError(MarketError):
    """A provider gave no bars of an instrument; another one may."""

    code = "provider_error"


class ProviderUnavailable(ProviderError):
    """No answer in time, or one that says that the provider is not well."""

    code = "provider_unavailable"


class ProviderBusy(ProviderUnavailable):
    """It wants to be left alone for a while."""

    code = "provider_busy"

    def __init__(self, name: str, *, retry_after_seconds: int) -> None:
        super().__init__(f"{name} asks to be left alone for {retry_after_seconds} s.")
        self.retry_after_seconds = retry_after_seconds


class BadAnswer(ProviderError):
    """The answer is not what the provider is known to send."""

    code = "bad_provider_answer"


class UnknownProvider(MarketError):
    """No provider of that name is in a chain."""

    code = "unknown_provider"

    def __init__(self, name: str) -> None:
        super().__init__(f"No chain names a provider {name!r}.")


class BarProvider(Protocol):
    """A source of minutes."""

    name: str  # what stored bars are marked with, at most 20 characters

    def bars(
        self, instrument: Instrument, *, since: datetime, until: datetime
    ) -> Iterator[Sequence[ProvidedBar]]:
        """Pages of closed 1-minute bars from ``since`` on and before ``until``, ascending.

        Splits up to now are in all of them, dividends in none. Minutes without a trade may be
        absent.

        Raises:
            ProviderBusy: it refuses everything for a while.
            ProviderError: it gives nothing (more) of this instrument.
        """


@runtime_checkable
class DayProvider(Protocol):
    """A source of minutes that has days, too."""

    def days(self, instrument: Instrument, *, since: date, until: date) -> Sequence[ProvidedBar]:
        """Bars of the sessions from ``since`` to ``until``, both included, ascending.

        Each opens at the exchange's midnight. Splits up to now are in all of them, dividends in
        none. Days without a trade may be absent.

        Raises:
            ProviderBusy, ProviderError: as ``BarProvider.bars``.
        """


@runtime_checkable
class ActionProvider(Protocol):
    """A source of prices that tells of dividends and splits, too."""

    def actions(self, instrument: Instrument, *, since: date, until: date) -> list[ActionFacts]:
        """Those with ex-dates from ``since`` to ``until``, both included, ascending.

        Amounts are per share as it was on the ex-date.

        Raises:
            ProviderBusy, ProviderError: as ``BarProvider.bars``.
        """


def chain_of(instrument: Instrument) -> tuple[str, ...]:
    """Names of the providers to ask for an instrument, in order; none where nobody is set.

    The closest word of ``settings.PRICE_CHAINS`` counts: XNAS:AAPL, then AAPL, then XNAS, then *.
    """
    mic = instrument.exchange_id
    for key in (f"{mic}:{instrument.symbol}", instrument.symbol, mic, EVERYTHING):
        if key in settings.PRICE_CHAINS:
            return tuple(settings.PRICE_CHAINS[key])
    return ()


def chained_providers() -> list[str]:
    """The providers that stand first in some chain, which have scheduled runs."""
    return sorted({chain[0] for chain in settings.PRICE_CHAINS.values() if chain})


def bar_provider(name: str) -> BarProvider:
    """A new one of the class that ``settings.PRICE_PROVIDERS`` names.

    Raises:
        UnknownProvider: it names none.
    """
    if name not in settings.PRICE_PROVIDERS:
        raise UnknownProvider(name)
    return cast("BarProvider", import_string(settings.PRICE_PROVIDERS[name])())
