"""Rows of the exchanges we know, made when something is first listed there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

from market.errors import UnknownExchange
from market.instruments.exchanges import KNOWN_EXCHANGES
from market.models import Exchange


def make_exchanges(mics: Iterable[str]) -> None:
    """Make the rows that are not there yet.

    Raises:
        UnknownExchange: we know no such market identifier code.
    """
    wanted = sorted(set(mics))
    if unknown := [mic for mic in wanted if mic not in KNOWN_EXCHANGES]:
        raise UnknownExchange(unknown[0])
    Exchange.objects.bulk_create(
        [Exchange(**asdict(KNOWN_EXCHANGES[mic])) for mic in wanted], ignore_conflicts=True
    )
