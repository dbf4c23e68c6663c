"""What holdings cost, asked from whoever keeps the books: settings name the class."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import cache
from typing import Protocol, cast
from uuid import UUID

from django.conf import settings
from django.utils.module_loading import import_string

from accounts.models import User


class HoldingSource(Protocol):
    """Knows portfolios and what was paid for what is in them."""

    def portfolios_of(self, user: User) -> Mapping[UUID, str]:
        """The portfolios that the user may see: names by id, in his order."""

    def average_costs(
        self, holdings: Iterable[tuple[UUID, int]]
    ) -> Mapping[tuple[UUID, int], Decimal]:
        """Cost per unit, in the instrument's currency, by portfolio and instrument.

        Left out is what is not held, and what is kept in another currency than it trades in:
        without a rate, a cost in another currency is no cost.
        """


def holding_source() -> HoldingSource:
    """The source of the class ``settings.ALERT_HOLDING_SOURCE``."""
    return _source(settings.ALERT_HOLDING_SOURCE)


@cache
def _source(path: str) -> HoldingSource:
    return cast("HoldingSource", import_string(path)())
