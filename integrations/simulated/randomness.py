"""Chance that can be repeated: every draw follows from the seed, the symbol and a place in time."""

from __future__ import annotations

import hashlib
import random
from statistics import NormalDist
from typing import Final

import numpy as np

STANDARD_NORMAL: Final = NormalDist()
# inv_cdf is undefined at 0 and 1.
SMALLEST_SHARE: Final = 2.0**-53


def seed_number(seed: int, *parts: object) -> int:
    """A 128-bit number that depends on every part and on nothing else."""
    text = "\x1f".join([str(seed), *map(str, parts)])
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=16).digest(), "big")


def stream(seed: int, *parts: object) -> random.Random:
    return random.Random(seed_number(seed, *parts))  # noqa: S311 - prices, not secrets  # nosec B311


def array_stream(seed: int, *parts: object) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed_number(seed, *parts)))


def normal(chance: random.Random) -> float:
    """A standard normal draw from exactly one uniform draw."""
    return STANDARD_NORMAL.inv_cdf(max(chance.random(), SMALLEST_SHARE))
