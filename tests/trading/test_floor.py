"""Any business over a real database: groups, replacements, halts, auctions, restarts."""

from __future__ import annotations

from itertools import count

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from tests.trading.floor import Floor

WHO = WHICH = st.integers(0, 1)
KINDS = st.integers(0, 47)
OFFSETS = st.integers(-12, 12)
SIZES = st.integers(1, 30)
CHOSEN = st.integers(0, 50)
_numbers = count(1)


class Trading(RuleBasedStateMachine):
    """Each run is undone at its end, so that the next one begins with an empty market."""

    def __init__(self) -> None:
        super().__init__()
        self.undone = transaction.atomic()
        self.undone.__enter__()
        self.floor = Floor(f"t{next(_numbers)}")

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

    @rule(which=WHICH, offset=OFFSETS, size=SIZES)
    def quote(self, which: int, offset: int, size: int) -> None:
        self.floor.quote(which, 2 * offset, 1 + size // 4)
        self.floor.match()

    @rule(which=WHICH)
    def halt(self, which: int) -> None:
        self.floor.halt(which)
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

    def teardown(self) -> None:
        self.floor.finish()
        transaction.set_rollback(True)
        self.undone.__exit__(None, None, None)


@pytest.mark.django_db
def test_any_business_keeps_the_books_and_the_market_whole() -> None:
    run_state_machine_as_test(
        Trading,
        settings=settings(
            max_examples=4,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
