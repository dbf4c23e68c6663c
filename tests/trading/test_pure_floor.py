"""Any business on the books in memory is what the plain and slow market makes of it."""

from __future__ import annotations

import random

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.trading.business import Trading, step
from tests.trading.pure_floor import PureFloor

GAMES = 12
STEPS_PER_GAME = 60


class InMemory(Trading):
    """Compared with the plain market after each match."""

    def __init__(self) -> None:
        super().__init__()
        self.whole = PureFloor()
        self.floor = self.whole

    def teardown(self) -> None:
        self.whole.finish()


def test_any_business_is_what_the_plain_market_makes_of_it() -> None:
    run_state_machine_as_test(
        InMemory,
        settings=settings(
            max_examples=60,
            stateful_step_count=40,
            deadline=None,
            derandomize=True,  # chance searches in ``make torture``, which prints its seeds
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_long_games_are_too_and_the_same_twice() -> None:
    for game in range(GAMES):
        first, second = play(game), play(game)
        assert first == second
        assert any(len(entry) > 1 for entry in first), "nobody traded"


def test_a_group_whose_leader_is_on_its_way_holds_what_that_will_need() -> None:
    state = InMemory()
    state.place_group(kind=8, offset=0, size=1, which=0, who=0)
    state.split(kind=1, most=1, which=0)  # one command alone: the exit stands, its leader does not
    state.teardown()


def test_who_waits_for_the_opening_goes_on_waiting_after_a_halt_and_a_restart() -> None:
    state = InMemory()
    state.wait(minutes=29)
    state.place_group(kind=15, offset=0, size=1, which=1, who=0)
    state.wait(minutes=36)
    state.halt(which=1)
    state.wait(minutes=46)
    state.restart()
    state.halt(which=1)
    state.wait(minutes=9)
    state.teardown()


def test_who_was_replaced_in_his_place_is_not_followed_before_others() -> None:
    """The exits of the better-priced purchase wake first, whatever was replaced before."""
    floor = PureFloor()
    floor.place_group(0, 0, 0, -5, 10)
    floor.place_group(0, 0, 0, -3, 5)
    floor.match()
    floor.replace(2, 9, 8)  # the first purchase, for less
    floor.match()
    floor.place(1, 0, 6, -10, 30)
    floor.match()
    assert len([one for one in floor.working() if one.order.parent_id is not None]) == 4


def play(game: int) -> list[tuple[object, ...]]:
    numbers, floor = random.Random(game), PureFloor()
    for _ in range(STEPS_PER_GAME):
        step(floor, numbers)
    floor.finish()
    return floor.log
