"""Who brings exchange rates in: the protocol, and the classes settings name."""

from __future__ import annotations

from typing import Protocol, cast

from django.conf import settings
from django.utils.module_loading import import_string

from market.currencies.rate_sheets import RateSheet
from market.errors import MarketError


class RatesUnavailable(MarketError):
    """The source did not answer, or not with rates; it may be asked again later."""

    code = "rates_unavailable"


class RateProvider(Protocol):
    """A source of daily rates against the euro."""

    source: str  # what stored rates of this source are marked with, at most 20 characters
    # Whether its word stands against what another source said of a date.
    is_authoritative: bool

    def fetch(self) -> RateSheet:
        """All rates it has.

        Raises:
            RatesUnavailable: it could not be asked.
            UnreadableFile: what it has is no table of rates.
        """


def rate_providers() -> list[RateProvider]:
    """One of each class in ``settings.RATE_PROVIDERS``, in the order to ask them."""
    return [cast("RateProvider", import_string(name)()) for name in settings.RATE_PROVIDERS]


def is_authoritative(source: str) -> bool:
    """Whether a source's word stands against others'; one that is asked no more has no such."""
    return any(one.is_authoritative for one in rate_providers() if one.source == source)
