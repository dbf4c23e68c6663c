"""Which instrument an address means, remembered for a second by processes that hear quotes.

A quote that is in memory should not wait for a query that asks what ``AAPL`` was again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final, NamedTuple

from market.instruments.short_addresses import address_as_found
from market.queries import instrument_by_address

# An instrument that was renamed or listed elsewhere too is found under its former address for no
# longer than that.
BELIEVED_SECONDS: Final = 1.0
ADDRESSES: Final = 10_000


class Quoted(NamedTuple):
    instrument_id: int
    address: str


class AddressMemory:
    """Instrument ids by address as callers write it; nothing is kept before ``begin``."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[str, tuple[float, Quoted]] = {}  # until when
        self._is_on = False

    def begin(self) -> None:
        """Keep what is asked from now on; for processes whose database nobody swaps."""
        self._is_on = True

    def find(self, address: str) -> Quoted:
        """What ``market.queries.instrument_by_address`` finds, and its shortest address.

        Raises:
            UnknownSymbol: none has that symbol.
            AmbiguousSymbol: several exchanges list it.
        """
        known = self._known.get(address)
        if known is not None and known[0] > self._clock():
            return known[1]
        instrument = instrument_by_address(address)
        found = Quoted(instrument.id, address_as_found(address, instrument))
        if self._is_on:
            with self._lock:
                if len(self._known) >= ADDRESSES:
                    self._known.clear()
                self._known[address] = (self._clock() + BELIEVED_SECONDS, found)
        return found


memory: Final = AddressMemory()
