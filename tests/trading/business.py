"""Any business of two people in two instruments, drawn by Hypothesis or by a seed.

``floor.Floor`` does it over a real database, ``pure_floor.PureFloor`` on the books in memory.
"""

from __future__ import annotations

import random
from collections.abc import Collection
from typing import Protocol

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

WHO = WHICH = st.integers(0, 1)
KINDS = st.integers(0, 47)
OFFSETS = st.integers(-12, 12)
SIZES = st.integers(1, 30)
CHOSEN = st.integers(0, 50)


class Business(Protocol):
    """What may happen; every number says which, how far or how many."""

    @property
    def halted(self) -> Collection[int]: ...
    def place(self, who: int, which: int, kind: int, offset: int, size: int) -> None: ...
    def place_group(self, who: int, which: int, kind: int, offset: int, size: int) -> None: ...
    def replace(self, chosen: int, offset: int, size: int) -> None: ...
    def cancel(self, chosen: int) -> None: ...
    def quote(self, which: int, offset: int, size: int) -> None: ...
    def halt(self, which: int) -> None: ...
    def split(self, which: int, kind: int, most: int) -> None: ...
    def wait(self, minutes: int) -> None: ...
    def match(self) -> None: ...
    def restart(self) -> None: ...


class Trading(RuleBasedStateMachine):
    """Whoever inherits from it says where the business is done."""

    floor: Business

    @rule(who=WHO, which=WHICH, kind=KINDS, offset=OFFSETS, size=SIZES)
    def place(self, who: int, which: int, kind: int, offset: int, size: int) -> None:
        self.floor.place(who, which, kind, offset, size)

    @rule(who=WHO, which=WHICH, kind=KINDS, offset=OFFSETS, size=SIZES)
    def place_group(self, who: int, which: int, kind: int, offset: int, size: int) -> None:
        self.floor.place_group(who, which, kind, offset, size)

    @rule(chosen=CHOSEN, offset=OFFSETS, size=SIZES)
    def replace(self, chosen: int, offset: int, size: int) -> None:
        self.floor.replace(chosen, offset, size)

    @rule(chosen=CHOSEN)
    def cancel(self, chosen: int) -> None:
        self.floor.cancel(chosen)

    @rule(which=WHICH, offset=OFFSETS, size=SIZES, matches=st.booleans())
    def quote(self, which: int, offset: int, size: int, matches: bool) -> None:
        """Several things may happen before the matcher comes to it."""
        self.floor.quote(which, 2 * offset, 1 + size // 4)
        if matches:
            self.floor.match()

    @rule(which=WHICH)
    def halt(self, which: int) -> None:
        self.floor.halt(which)
        self.floor.match()

    @rule(which=WHICH, kind=KINDS, most=SIZES)
    def split(self, which: int, kind: int, most: int) -> None:
        self.floor.split(which, kind, most)
        self.floor.match()

    @rule(minutes=st.integers(1, 90))
    def wait(self, minutes: int) -> None:
        self.floor.wait(minutes)
        self.floor.match()

    @rule()
    def match(self) -> None:
        self.floor.match()

    @rule()
    def restart(self) -> None:
        self.floor.restart()


def step(floor: Business, numbers: random.Random) -> None:
    """One thing that somebody does, or that happens; now and then several before a match."""
    who, which = numbers.randrange(2), numbers.randrange(2)
    offset, size = numbers.randint(-12, 12), numbers.randint(1, 30)
    kind = numbers.random()
    if kind < 0.35:
        floor.place(who, which, numbers.randrange(48), offset, size)
    elif kind < 0.55:
        floor.place_group(who, which, numbers.randrange(48), offset, size)
    elif kind < 0.67:
        floor.replace(numbers.randrange(50), offset, size)
    elif kind < 0.74:
        floor.cancel(numbers.randrange(50))
    elif kind < 0.92:
        # Far enough to reach exits, and too little there to fill them at once.
        floor.quote(which, 2 * offset, 1 + size // 4)
    else:
        happen(floor, numbers, rarity=kind, which=which)
    if numbers.random() < 0.6:
        floor.match()


def happen(floor: Business, numbers: random.Random, *, rarity: float, which: int) -> None:
    """Something that nobody does; ``rarity`` from 0.92 to 1."""
    if rarity < 0.94 or (floor.halted and rarity < 0.98):
        floor.halt(which if not floor.halted else min(floor.halted))
    elif rarity < 0.96:
        floor.wait(numbers.randint(1, 90))
    elif rarity < 0.97:
        floor.restart()
    elif rarity < 0.985:
        floor.split(which, numbers.randrange(48), numbers.randint(1, 30))
