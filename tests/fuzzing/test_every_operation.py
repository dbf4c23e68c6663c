"""A few requests to every operation of a running desk; ``make torture`` sends thousands."""

import pytest

from tests.fuzzing.fuzzer import Fuzzer
from tests.fuzzing.world import World
from tests.support.desk import LiveDesk

SEED = 20_260_101
REQUESTS_EACH = 4  # half of what the document allows, half of what it forbids
ROUNDS_MAXIMUM = 8  # each with more, for so few may all succeed by chance


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_no_request_breaks_the_document(desk: LiveDesk) -> None:
    world = World(desk)
    world.settle()
    fuzzer = Fuzzer(world, seed=SEED)
    for name, operation in fuzzer.operations():
        fuzzer.succeed(name, operation)
        for round_number in range(1, ROUNDS_MAXIMUM + 1):
            fuzzer.fuzz(name, operation, requests_wanted=REQUESTS_EACH * round_number)
            if not fuzzer.has_yet_to_fail(name, operation):
                break
    assert "\n".join(fuzzer.violations.values()) == ""
    assert fuzzer.unreached() == [], fuzzer.table()
    assert fuzzer.total > 300
