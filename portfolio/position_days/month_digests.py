"""What tells the days of a position from others, by months and all together. Pure.

The digest of a day is a multilinear hash of its numbers in two lanes of 64 bits, mixed as
SplitMix64 mixes (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014);
that of a month is the exclusive or of its days', and that of all months the exclusive or of
theirs. So PostgreSQL can tell the latter from what it has stored, and of a position that stays as
it is no month need be looked at. Nobody gains by two months of one digest, and
``rebuild_valuations --check`` would find them.
"""

from __future__ import annotations

from hashlib import blake2b, shake_256
from typing import Final

import numpy as np
from numpy.typing import NDArray

from portfolio.position_days.columns import PositionColumns
from portfolio.position_days.exact_integers import MOST, Numbers
from portfolio.position_days.walk import flow_text

Digests = NDArray[np.uint64]  # two of each item

DIGEST_BYTES: Final = 16
LANES: Final = 2
COLUMNS: Final = 7
STORED: Final = np.dtype(">u8")


def keys_of(name: bytes, count: int) -> Digests:
    """Odd numbers that look like chance and are always the same."""
    made = np.frombuffer(shake_256(name).digest(count * DIGEST_BYTES), np.uint64)
    return made.reshape(count, LANES) | np.uint64(1)


KEYS: Final = keys_of(b"position-days", COLUMNS)


def day_digests(position: PositionColumns, *, first_ordinal: int) -> Digests:
    """Of each item of the columns; the same digest means the same row.

    Args:
        first_ordinal: of the first day of the table.
    """
    ordinals = position.places + first_ordinal
    effect = position.effect
    told = (
        ordinals,
        position.units,
        position.cost,
        position.price.numbers,
        position.value.numbers,
        np.zeros_like(position.places) if effect is None else effect.numbers,
        position.layouts(),
    )
    table = np.column_stack(told)
    sums = sums_of_any(table) if table.dtype.kind == "O" else sums_of(table, KEYS)
    if position.rates is not None and not position.rates.is_own:
        sums += field_digests(position.rates.fields)[position.places]
    found = mixed(sums)
    for index, flow in position.flows.items():
        text = f"{ordinals[index]}\t{flow_text(flow)}"
        found[index] ^= digest_of_text(text)
    return found


def sums_of(table: Numbers, keys: Digests) -> Digests:
    """Modulo 2**64, which is what arrays do."""
    found: Digests = table.astype(np.uint64) @ keys
    return found


def sums_of_any(table: Numbers) -> Digests:
    """Of Python's integers; those that fit into 64 bits come out as if they were in an array."""
    found = np.empty((len(table), LANES), np.uint64)
    fits = (np.abs(table) < MOST).all(axis=1).astype(np.bool_)
    found[fits] = sums_of(table[fits].astype(np.int64), KEYS)
    for index in np.flatnonzero(~fits).tolist():
        found[index] = digest_of_text(" ".join(map(str, table[index])))
    return found


def field_digests(fields: NDArray[np.void]) -> Digests:
    """Of numbers as the server reads them, which are of 16-bit words."""
    words = np.frombuffer(fields.tobytes(), ">u2").reshape(len(fields), -1)
    return mixed(sums_of(words, keys_of(b"rates", words.shape[1])))


def mixed(sums: Digests) -> Digests:
    """Let each bit depend on each."""
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        sums = (sums ^ (sums >> np.uint64(shift))) * np.uint64(factor)
    return sums ^ (sums >> np.uint64(31))


def digest_of_text(text: str) -> Digests:
    return np.frombuffer(blake2b(text.encode(), digest_size=DIGEST_BYTES).digest(), np.uint64)


def all_together(digests: Digests) -> bytes:
    """The digest of all items; of none it is zero."""
    return as_stored(np.bitwise_xor.reduce(digests, axis=0))


def of_spans(digests: Digests, lows: list[int]) -> list[bytes]:
    """The digests of the items from each of ``lows``, ascending, to before the next."""
    if not lows:
        return []
    data = np.bitwise_xor.reduceat(digests, lows, axis=0).astype(STORED).tobytes()
    return [data[place : place + DIGEST_BYTES] for place in range(0, len(data), DIGEST_BYTES)]


def as_stored(digest: Digests) -> bytes:
    return digest.astype(STORED).tobytes()
