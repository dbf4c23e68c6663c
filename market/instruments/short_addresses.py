"""The shortest address that means an instrument alone: ``AAPL``, else ``XNAS:AAPL``.

As ``queries.matches_of`` finds it and ``InstrumentDirectory`` tells it on sockets: a listing that
trades no more takes nobody's symbol.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from market.models import Instrument


def shortest_addresses(instruments: Iterable[Instrument]) -> dict[int, str]:
    """By instrument id, from one query."""
    return addresses_of_ids(instrument.id for instrument in instruments)


def addresses_of_ids(instrument_ids: Iterable[int]) -> dict[int, str]:
    """By instrument id, from one query, or none for no ids; ids that are nobody's are left out."""
    wanted = set(instrument_ids)
    if not wanted:
        return {}
    symbols = Instrument.objects.filter(id__in=wanted).values("symbol")
    listed: defaultdict[str, list[Instrument]] = defaultdict(list)
    for row in Instrument.objects.filter(symbol__in=symbols).only(
        "id", "symbol", "exchange_id", "is_active"
    ):
        listed[row.symbol].append(row)
    found: dict[int, str] = {}
    for rows in listed.values():
        meant = [row for row in rows if row.is_active] or rows
        for row in rows:
            if row.id in wanted:
                found[row.id] = row.symbol if meant == [row] else row.address
    return found


def address_as_found(address: str, instrument: Instrument) -> str:
    """The shortest address of what was found by one; a bare symbol needs no query for that."""
    if ":" not in address:
        return instrument.symbol
    return shortest_addresses([instrument])[instrument.id]
