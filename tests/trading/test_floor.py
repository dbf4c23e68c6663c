"""Any business over a real database: groups, replacements, halts, auctions, splits, restarts."""

from __future__ import annotations

from itertools import count

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.trading.business import Trading
from tests.trading.floor import Floor

_numbers = count(1)


class OverDatabase(Trading):
    """Each run is undone at its end, so that the next one begins with an empty market."""

    def __init__(self) -> None:
        super().__init__()
        self.undone = transaction.atomic()
        self.undone.__enter__()
        self.whole = Floor(f"t{next(_numbers)}")
        self.floor = self.whole

    def teardown(self) -> None:
        self.whole.finish()
        transaction.set_rollback(True)
        self.undone.__exit__(None, None, None)


@pytest.mark.django_db
def test_any_business_keeps_the_books_and_the_market_whole() -> None:
    run_state_machine_as_test(
        OverDatabase,
        settings=settings(
            max_examples=4,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
