"""Random orders of every kind over a real database: groups, replacements, halts, auctions."""

from __future__ import annotations

import random
import time
from collections import Counter

from tests.torture.report import Finding
from tests.trading.floor import Floor
from trading.models import Fill

STEPS_PER_GAME = 60


def search(*, seconds: float, seed: int) -> Finding:
    """Play games until time is up; at the end of each everything is cancelled and looked at."""
    finding = Finding("orders", seed=seed, counted="steps")
    deadline = time.monotonic() + seconds
    refused: Counter[str] = Counter()
    game = 0
    while time.monotonic() < deadline:
        numbers = random.Random(f"{seed}/{game}")
        floor = Floor(f"g{game}")
        floor.refused = refused
        try:
            for _ in range(STEPS_PER_GAME):
                step(floor, numbers)
            floor.finish()
        except AssertionError as error:
            finding.violations.append(f"game {game}: {error}")
        finding.count += STEPS_PER_GAME
        game += 1
    finding.notes.append(f"{game} games, {Fill.objects.count():,} fills")
    told = ", ".join(f"{count:,} × {code}" for code, count in refused.most_common())
    finding.notes.append(f"refused: {told}")
    return finding


def step(floor: Floor, numbers: random.Random) -> None:
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
    elif kind < 0.94 or (floor.halted and kind < 0.98):
        floor.halt(which if not floor.halted else min(floor.halted))
    elif kind < 0.96:
        floor.wait(numbers.randint(1, 90))
    elif kind < 0.97:
        floor.restart()
    if numbers.random() < 0.6:
        floor.match()
