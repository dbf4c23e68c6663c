"""What providers call an instrument where it is not by our symbol. Pure.

Kept as one text, ``alpaca=BRK.B yahoo=BRK-B``: a provider's name, its symbol, parted by blanks.
"""

from __future__ import annotations

import re
from typing import Final

CHARACTERS: Final = 200
PART: Final = re.compile(r"(?P<provider>[a-z0-9_]{1,20})=(?P<symbol>[A-Za-z0-9.\-^=/_:]{1,40})")


def read_symbols(text: str) -> dict[str, str]:
    """Symbols by provider, out of a text with blanks or commas between.

    Raises:
        ValueError: a part is no ``provider=symbol``, or names a provider a second time.
    """
    found: dict[str, str] = {}
    for word in text.replace(",", " ").split():
        part = PART.fullmatch(word)
        if part is None:
            raise ValueError(f"{word[:60]!r} must read like yahoo=BRK-B.")
        if part["provider"] in found:
            raise ValueError(f"{part['provider']} is named twice.")
        found[part["provider"]] = part["symbol"]
    return found


def tidy(text: str) -> str:
    """The one form of such a text; raises as ``read_symbols``, and where it is too long."""
    tidied = " ".join(f"{name}={symbol}" for name, symbol in sorted(read_symbols(text).items()))
    if len(tidied) > CHARACTERS:
        raise ValueError(f"provider symbols must have at most {CHARACTERS} characters.")
    return tidied


def own_symbol(text: str, provider: str) -> str | None:
    """What the provider calls it; None where it has no name of its own there."""
    return read_symbols(text).get(provider)
