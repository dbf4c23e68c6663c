from __future__ import annotations

from collections.abc import Iterable
from typing import NoReturn

import pytest
from django.db import transaction

from portfolio.bookkeeping.known_ids import KnownIds


class Table:
    """Rows by key, counting how often it is asked."""

    def __init__(self) -> None:
        self.rows: dict[str, int] = {}
        self.asked = 0

    def find(self, keys: Iterable[str]) -> dict[str, int]:
        self.asked += 1
        return {key: self.rows[key] for key in keys if key in self.rows}

    def make(self, keys: Iterable[str]) -> None:
        for key in keys:
            self.rows[key] = len(self.rows)


@pytest.mark.django_db(transaction=True)
def test_what_a_commit_made_lasting_is_remembered() -> None:
    table, known = Table(), KnownIds[str]()
    with transaction.atomic():
        assert known.find(["a", "b"], find=table.find, make=table.make) == {"a": 0, "b": 1}
    assert known.find(["b", "a"], find=table.find, make=table.make) == {"a": 0, "b": 1}
    assert table.asked == 2


@pytest.mark.django_db(transaction=True)
def test_what_was_rolled_back_is_not_remembered() -> None:
    table, known = Table(), KnownIds[str]()
    with transaction.atomic():
        known.find(["a"], find=table.find, make=table.make)
        transaction.set_rollback(True)
    table.rows = {"other": 0}
    assert known.find(["a"], find=table.find, make=table.make) == {"a": 1}


class Unhurried(dict[str, int]):
    """What is remembered, which nobody may go through as a whole."""

    def __iter__(self) -> NoReturn:
        raise AssertionError("went through everything that is remembered")

    keys = values = items = __iter__


@pytest.mark.django_db(transaction=True)
def test_a_look_does_not_go_through_everything_that_is_remembered() -> None:
    table, known = Table(), KnownIds[str]()
    known._ids = Unhurried(a=0, b=1)
    with transaction.atomic():
        assert known.find(["a"], find=table.find, make=table.make) == {"a": 0}
        assert known.find(["a", "c"], find=table.find, make=table.make) == {"a": 0, "c": 0}
