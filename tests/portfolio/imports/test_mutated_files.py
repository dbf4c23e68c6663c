"""Damaged files are refused by a typed error or told row by row, and never half written."""

from __future__ import annotations

import random

import pytest

from portfolio.imports.errors import UnreadableImport
from tests.factories import make_user
from tests.portfolio.imports.factories import at, make_tracked
from tests.portfolio.imports.mutations import mutated
from tests.portfolio.imports.reading import read
from tests.portfolio.imports.ways import Ways, list_instruments

SEED = 20_260_105


@pytest.mark.parametrize("part", range(3))
def test_a_mutated_file_is_read_or_refused(part: int) -> None:
    numbers = random.Random(f"{SEED}/{part}")
    outcomes = {"read": 0, "refused": 0}
    for _ in range(100):
        try:
            read(mutated(numbers))
        except UnreadableImport:
            outcomes["refused"] += 1
        else:
            outcomes["read"] += 1
    assert min(outcomes.values()) > 0, outcomes


@pytest.mark.django_db
def test_a_mutated_file_is_taken_in_booked_and_undone_wholly_or_not_at_all() -> None:
    alice = make_user()
    list_instruments()
    ways = Ways(alice, make_tracked(alice, "Depot"), at=at())
    numbers = random.Random(SEED)
    for _ in range(60):
        ways.go(mutated(numbers))
    assert ways.broken == []
    assert min(ways.outcomes["refused"], ways.outcomes["booked and undone"]) > 5, ways.outcomes
