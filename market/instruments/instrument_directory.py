"""What a symbol means: ``AAPL``, or ``XNAS:AAPL`` where several exchanges list an AAPL.

Kept in memory by each socket process, because a price must never wait for a query.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Listing:
    instrument_id: int
    symbol: str
    mic: str
    is_active: bool = True


@dataclass(frozen=True, slots=True)
class Resolution:
    """Addresses sorted by what came of them; ``found`` keeps the order they were asked in."""

    found: dict[str, int]  # address as asked → instrument id
    unknown: tuple[str, ...]
    ambiguous: tuple[str, ...]


class InstrumentDirectory:
    def __init__(self, listings: Iterable[Listing] = ()) -> None:
        self._ids: dict[str, tuple[int, ...]] = {}
        self._addresses: dict[int, str] = {}
        self.replace(listings)

    def replace(self, listings: Iterable[Listing]) -> None:
        """Know exactly these instruments from now on; inactive ones as ``matches_of`` does."""
        ids: defaultdict[str, list[int]] = defaultdict(list)
        listed = list(listings)
        traded = {listing.symbol for listing in listed if listing.is_active}
        for listing in listed:
            if listing.is_active or listing.symbol not in traded:
                ids[listing.symbol].append(listing.instrument_id)
            ids[f"{listing.mic}:{listing.symbol}"].append(listing.instrument_id)
        self._ids = {address: tuple(found) for address, found in ids.items()}
        # Addresses once given out stay known: a socket may still watch what is listed no more.
        self._addresses |= {
            listing.instrument_id: (
                listing.symbol
                if ids[listing.symbol] == [listing.instrument_id]
                else f"{listing.mic}:{listing.symbol}"
            )
            for listing in listed
        }

    def address_of(self, instrument_id: int) -> str:
        """The shortest address that means only this instrument.

        Raises:
            KeyError: the directory does not list it.
        """
        return self._addresses[instrument_id]

    def known_address_of(self, instrument_id: int) -> str | None:
        """The same; ``None`` for what was listed after the directory was read."""
        return self._addresses.get(instrument_id)

    def listed_ids(self) -> set[int]:
        """Every instrument that is listed now."""
        return {number for numbers in self._ids.values() for number in numbers}

    def resolve(self, addresses: Iterable[str]) -> Resolution:
        """Look addresses up, in any case of letters."""
        found: dict[str, int] = {}
        unknown, ambiguous = [], []
        for address in addresses:
            ids = self._ids.get(address.strip().upper(), ())
            if len(ids) == 1:
                found[address] = ids[0]
            elif ids:
                ambiguous.append(address)
            else:
                unknown.append(address)
        return Resolution(found, tuple(unknown), tuple(ambiguous))
