"""Damaged files are refused by a typed error or told row by row, and never half written."""

from __future__ import annotations

import random

import pytest
from django.db import transaction

from portfolio.imports.errors import UnreadableImport
from portfolio.imports.previews import start_import
from portfolio.models import FileImport, FileImportRow
from tests.factories import make_instrument, make_user
from tests.portfolio.imports.factories import at, make_tracked
from tests.portfolio.imports.mutations import mutated
from tests.portfolio.imports.reading import read

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
def test_a_mutated_file_is_taken_in_wholly_or_not_at_all() -> None:
    alice = make_user()
    make_instrument("AAPL")
    depot = make_tracked(alice, "Depot")
    numbers = random.Random(SEED)
    for _ in range(60):
        before = FileImport.objects.count()
        try:
            with transaction.atomic():
                made = start_import(
                    portfolio=depot,
                    content=mutated(numbers),
                    file_name="x.csv",
                    profile="",
                    created_by=alice,
                    created_at=at(),
                )
        except UnreadableImport:
            assert FileImport.objects.count() <= before
        else:
            assert FileImportRow.objects.filter(file_import=made).count() == made.rows_total
