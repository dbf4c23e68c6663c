"""Random orders, stops, cancellations and prices against the promises of the matching core."""

from __future__ import annotations

import random
import time
from uuid import UUID

from tests.torture.report import Finding
from tests.trading.plain_stops import Print, random_waiting
from tests.trading.test_matching_properties import OWNERS, Change, Exchange, Step, copy_of
from trading.order_book import BookOrder, Street

STEPS_PER_GAME = 400
MIDDLE = 10_000


def search(*, seconds: float, seed: int) -> Finding:
    """Play games of random steps, each twice, until time is up; a broken promise is a violation."""
    finding = Finding("matching", seed=seed, counted="commands")
    deadline = time.monotonic() + seconds
    game = 0
    while time.monotonic() < deadline:
        numbers = random.Random(f"{seed}/{game}")
        steps = [random_step(numbers) for _ in range(STEPS_PER_GAME)]
        again = [copy_of(step) for step in steps]
        first, second = Exchange(), Exchange()
        try:
            for step in steps:
                first.play(step)
            for step in again:
                second.play(step)
            assert first.log == second.log, "the same commands gave another result"
        except AssertionError as error:
            finding.violations.append(f"game {game}: {error}")
        finding.count += 2 * len(steps)
        game += 1
    return finding


def random_step(numbers: random.Random) -> Step:
    kind = numbers.random()
    if kind < 0.15:
        return numbers.randrange(1_000)  # a cancellation
    if kind < 0.2:
        limit = numbers.choice((None, MIDDLE + numbers.randint(-10, 10)))
        return Change(numbers.randrange(1_000), limit, numbers.randint(1, 30))
    if kind < 0.25:
        middle = MIDDLE + numbers.randint(-8, 8)
        gaps = range(1, 4)
        return Street(
            bids=[(middle - gap, numbers.randint(1, 20)) for gap in gaps],
            asks=[(middle + gap, numbers.randint(1, 20)) for gap in gaps],
        )
    if kind < 0.35:
        return Print(MIDDLE + numbers.randint(-9, 9))
    order = random_order(numbers)
    return random_waiting(numbers, order, middle=MIDDLE) if kind < 0.5 else order


def random_order(numbers: random.Random) -> BookOrder:
    time_in_force = numbers.choice(("day", "day", "day", "ioc", "fok"))
    return BookOrder(
        id=UUID(int=numbers.getrandbits(128)),
        owner=numbers.choice(OWNERS),
        is_buy=numbers.random() < 0.5,
        limit=MIDDLE + numbers.randint(-10, 10),
        remaining=numbers.randint(1, 30),
        is_market=numbers.random() < 0.2,
        may_rest=time_in_force == "day",
        is_all_or_nothing=time_in_force == "fok",
    )
