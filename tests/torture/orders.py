"""Random orders of every kind over a real database: groups, replacements, halts, splits."""

from __future__ import annotations

import random
import time
from collections import Counter

from tests.torture.report import Finding
from tests.trading.business import step
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
