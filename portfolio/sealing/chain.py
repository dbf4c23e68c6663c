"""What a seal is the hash of. Pure.

A seal covers the entries whose transactions lie in ``[from_xid, to_xid)``. Its hash is SHA-256 over
the hash of the seal before it, its own facts, and a line for each entry with its postings. So
nothing sealed can be changed, taken away or put in between without changing every later hash.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

GENESIS: Final = bytes(32)  # what the first seal follows
# What a line tells of an entry: from the second layout on every fact, in the first no ratio, rate,
# cost share or lots. A seal keeps the layout that it was made with.
LAYOUT: Final = 2


@dataclass(frozen=True, slots=True)
class Seal:
    """``number`` counts from 1; ``entries`` and ``postings`` are how many it covers."""

    number: int
    from_xid: int
    to_xid: int
    entries: int
    postings: int
    previous_hash: bytes
    hash: bytes
    layout: int = LAYOUT


@dataclass(frozen=True, slots=True)
class SealedLine:
    """An entry with its postings as one line of text, without line breaks."""

    xid: int
    postings: int
    text: str
    more: str = ""  # what the first layout leaves out

    def read_in(self, layout: int) -> str:
        return self.text if layout == 1 else f"{self.text} {self.more}"


def make_seal(
    lines: Iterable[SealedLine],
    *,
    number: int,
    from_xid: int,
    to_xid: int,
    previous_hash: bytes,
    layout: int = LAYOUT,
) -> Seal:
    """Seal lines, in order of transaction and id."""
    digest = hashlib.sha256()
    entries = postings = 0
    for line in lines:
        entries += 1
        postings += line.postings
        digest.update(line.read_in(layout).encode())
        digest.update(b"\n")
    facts = f"{number} {from_xid} {to_xid} {entries} {postings}\n"
    whole = hashlib.sha256(previous_hash + facts.encode() + digest.digest()).digest()
    return Seal(number, from_xid, to_xid, entries, postings, previous_hash, whole, layout)


def differences(stored: Seal, computed: Seal) -> list[str]:
    """Why a stored seal is not the one that its entries and its predecessor make."""
    found = []
    if stored.from_xid != computed.from_xid or stored.number != computed.number:
        found.append("it does not follow the seal before it")
    if stored.previous_hash != computed.previous_hash:
        found.append("it names another seal before it")
    for name in ("entries", "postings"):
        sealed, there = getattr(stored, name), getattr(computed, name)
        if sealed != there:
            found.append(f"{sealed} {name} were sealed, {there} are there")
    if not found and stored.hash != computed.hash:
        found.append("an entry, a posting or the seal itself was changed")
    return found
