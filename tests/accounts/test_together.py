"""Threads that ask for the same kind of thing at the same time ask as one."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from accounts.deadlines import Deadline, bounded_by, current
from accounts.together import Together, Unanswered

SECONDS = 20.0


class Counter:
    """Answers numbers with their doubles; the first question waits until it is let go."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []
        self.deadlines: list[Deadline | None] = []
        self.begun = threading.Event()
        self.may_end = threading.Event()

    def double(self, numbers: Sequence[int]) -> list[int]:
        self.asked.append(list(numbers))
        self.deadlines.append(current())
        self.begun.set()
        assert self.may_end.wait(SECONDS)
        if 13 in numbers:
            raise ValueError("thirteen")
        return [2 * number for number in numbers]


def gathered(counter: Counter, together: Together[int, int], *late: int) -> list[object]:
    """What became of the first question, 1, and of those that came while it waited."""

    def ask(number: int) -> object:
        with bounded_by(Deadline(time.monotonic() + 100 + number)):
            try:
                return together.ask(number)
            except (Unanswered, ValueError) as error:
                return type(error)

    with ThreadPoolExecutor(1 + len(late)) as pool:
        first = pool.submit(ask, 1)
        assert counter.begun.wait(SECONDS)
        others = []
        for place, number in enumerate(late, 1):
            others.append(pool.submit(ask, number))
            deadline = time.monotonic() + SECONDS
            while len(together._waiting) < place:
                assert time.monotonic() < deadline
                time.sleep(0.001)
        counter.may_end.set()
        return [future.result(SECONDS) for future in (first, *others)]


def test_who_comes_while_another_is_answered_is_asked_for_with_the_others() -> None:
    counter = Counter()
    assert gathered(counter, Together(counter.double), 2, 3, 4) == [2, 4, 6, 8]
    assert counter.asked == [[1], [2, 3, 4]]


def test_afterwards_the_next_one_need_not_wait() -> None:
    counter = Counter()
    together = Together(counter.double)
    gathered(counter, together, 2)
    assert together.ask(5) == 10
    assert counter.asked == [[1], [2], [5]]


def test_what_fails_in_company_is_unanswered_for_all_of_them() -> None:
    counter = Counter()
    together = Together(counter.double)
    assert gathered(counter, together, 12, 13) == [2, Unanswered, Unanswered]
    assert together.ask(12) == 24


def test_what_fails_alone_says_why() -> None:
    counter = Counter()
    counter.may_end.set()
    with pytest.raises(ValueError, match="thirteen"):
        Together(counter.double).ask(13)


def test_all_are_held_to_the_deadline_of_the_most_hurried() -> None:
    counter = Counter()
    gathered(counter, Together(counter.double), 30, 20, 40)
    first, others = counter.deadlines
    assert first is not None
    assert others is not None
    assert 18 < others.expires_at - first.expires_at < 19 + SECONDS


def test_too_few_answers_are_none() -> None:
    together: Together[int, int] = Together(lambda numbers: [1] * (len(numbers) - 1))
    with pytest.raises(ValueError, match="shorter"):
        together.ask(1)
