"""Random business on the matching core: against its promises, and beside the plain market."""

from __future__ import annotations

import random
import time
from uuid import UUID

from tests.torture.report import Finding
from tests.trading.business import step
from tests.trading.plain_stops import Print, random_waiting
from tests.trading.pure_floor import PureFloor
from tests.trading.test_matching_properties import OWNERS, Change, Exchange, Step, copy_of
from trading.order_book import BookOrder, Street
from trading.shards.shard import BookDiverged
from trading.states import IllegalTransition

STEPS_PER_GAME = 400
STEPS_BESIDE = 60  # of groups, replacements, halts, auctions and restarts
MIDDLE = 10_000


def search(*, seconds: float, seed: int) -> Finding:
    """Play games of random steps until time is up; a broken promise is a violation."""
    finding = Finding("matching", seed=seed, counted="commands")
    deadline = time.monotonic() + seconds
    game = commands = 0
    while time.monotonic() < deadline:
        numbers = random.Random(f"{seed}/{game}")
        try:
            finding.count += play_twice(numbers)
        except AssertionError as error:
            finding.violations.append(f"game {game}: {error}")
        floor = PureFloor()
        try:
            for _ in range(STEPS_BESIDE):
                step(floor, numbers)
            floor.finish()
        except (AssertionError, IllegalTransition, BookDiverged, LookupError) as error:
            words = f"{type(error).__name__}: {error}"
            finding.violations.append(f"game {game}, beside the plain market: {words}")
        commands += floor.commands_asked
        game += 1
    finding.count += commands
    finding.notes.append(
        f"{game:,} games twice, and as many beside the plain market: {commands:,} of the commands"
    )
    return finding


def play_twice(numbers: random.Random) -> int:
    """Play one game on one book, and the same again; how many commands that were."""
    steps = [random_step(numbers) for _ in range(STEPS_PER_GAME)]
    again = [copy_of(one) for one in steps]
    first, second = Exchange(), Exchange()
    for one in steps:
        first.play(one)
    for one in again:
        second.play(one)
    assert first.log == second.log, "the same commands gave another result"
    return 2 * len(steps)


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
