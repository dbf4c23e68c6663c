"""Alpaca's market data over HTTP: who asks, and what it calls an instrument."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.conf import settings

from integrations.providers.alpaca.parsing import read_object
from integrations.providers.asking import ask
from market.instruments.provider_symbols import own_symbol
from market.intake.bar_providers import BadAnswer, ProviderUnavailable

NAME: Final = "alpaca"
# What it has is listed in the United States, under the symbols used there.
EXCHANGES: Final = frozenset({"XNYS", "XNAS", "ARCX", "XASE", "BATS"})


def symbol_there(symbol: str, *, mic: str, provider_symbols: str) -> str:
    """Raises:
    BadAnswer: it has nothing of that exchange.
    """
    if own := own_symbol(provider_symbols, NAME):
        return own
    if mic not in EXCHANGES:
        raise BadAnswer(f"alpaca has nothing of {mic}.")
    return symbol


def get(path: str, *, about: str, query: Mapping[str, str]) -> dict[str, Any]:
    """One object of its market data, numbers as they were written.

    Raises:
        ProviderError: as ``integrations.providers.asking.ask``; also without a key.
    """
    if not (settings.ALPACA_DATA_KEY and settings.ALPACA_DATA_SECRET):
        raise ProviderUnavailable("alpaca: ALPACA_DATA_KEY and ALPACA_DATA_SECRET are not set.")
    headers = {
        "APCA-API-KEY-ID": settings.ALPACA_DATA_KEY,
        "APCA-API-SECRET-KEY": settings.ALPACA_DATA_SECRET,
    }
    feed = {"feed": settings.ALPACA_DATA_FEED}
    url = settings.ALPACA_DATA_URL.rstrip("/") + path
    return read_object(ask(NAME, url, about=about, query={**query, **feed}, headers=headers))
