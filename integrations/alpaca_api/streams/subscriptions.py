"""What one data socket is subscribed to. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from integrations.alpaca_api.streams.feed_wire import Malformed

ALL: Final = "*"
CHANNELS: Final = ("trades", "quotes", "bars", "updatedBars", "dailyBars", "statuses")
# Known, and silent here: nothing is cancelled or corrected, and there are no price bands.
SILENT: Final = ("lulds", "corrections", "cancelErrors", "orderbooks", "imbalances")
# Subscribing to trades brings these, as it does there.
WITH_TRADES: Final = ("corrections", "cancelErrors")
SYMBOLS_MAXIMUM: Final = 2_000


class Subscriptions:
    """For each channel the addresses, as the client wrote them, with what they mean."""

    def __init__(self) -> None:
        self._ids: dict[str, dict[str, int]] = {name: {} for name in CHANNELS}
        self._is_all: dict[str, bool] = dict.fromkeys(CHANNELS, False)
        self._silent: dict[str, dict[str, None]] = {name: {} for name in SILENT}
        self._addresses: dict[str, dict[int, str]] = {name: {} for name in CHANNELS}

    def add(self, wanted: Mapping[str, Iterable[str]], ids: Mapping[str, int]) -> None:
        """Add; an address that ``ids`` does not know is kept in no list."""
        for channel, addresses in wanted.items():
            for address in addresses:
                if channel in SILENT:
                    self._silent[channel][address] = None
                elif address == ALL:
                    self._is_all[channel] = True
                elif address in ids:
                    self._ids[channel][address] = ids[address]
        self._index()

    def remove(self, wanted: Mapping[str, Iterable[str]]) -> None:
        for channel, addresses in wanted.items():
            for address in addresses:
                if channel in SILENT:
                    self._silent[channel].pop(address, None)
                elif address == ALL:
                    self._is_all[channel] = False
                else:
                    self._ids[channel].pop(address, None)
        self._index()

    def _index(self) -> None:
        self._addresses = {
            channel: {number: address for address, number in ids.items()}
            for channel, ids in self._ids.items()
        }

    def instrument_ids(self, *channels: str) -> set[int]:
        """What is named in these channels, or in any where none is given."""
        return {number for name in channels or CHANNELS for number in self._addresses[name]}

    def takes_all(self, *channels: str) -> bool:
        return any(self._is_all[name] for name in channels or CHANNELS)

    def addresses(self, channel: str) -> Mapping[int, str]:
        """How the client calls each instrument that he has named in a channel."""
        return self._addresses[channel]

    def listed(self) -> dict[str, list[str]]:
        """The whole list, as it is answered to every change of it."""
        shown = {
            name: [*ids, *([ALL] if self._is_all[name] else [])] for name, ids in self._ids.items()
        }
        return shown | {name: list(found) for name, found in self._silent.items()}


def read_wanted(message: Mapping[str, Any]) -> dict[str, list[str]]:
    """The addresses in each channel that a message names.

    Raises:
        Malformed: a channel holds no list of texts, or too long a one.
    """
    wanted: dict[str, list[str]] = {}
    for channel in (*CHANNELS, *SILENT):
        addresses = message.get(channel) or []
        if not isinstance(addresses, list) or len(addresses) > SYMBOLS_MAXIMUM:
            raise Malformed
        if not all(isinstance(address, str) for address in addresses):
            raise Malformed
        wanted[channel] = addresses
    if wanted["trades"]:
        for channel in WITH_TRADES:
            wanted[channel] = wanted["trades"]
    return wanted
