"""Threads that ask the database for the same kind of thing at the same time ask as one.

The first asks at once, alone. Whoever comes while it waits is asked for together with all others
that came, by one of them, as soon as the answer is there. So nobody waits for company, and the
more there is to do, the less a round trip and a commit cost each.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Final, Generic, TypeVar

from accounts.deadlines import Deadline, bounded_by, current

Question = TypeVar("Question")
Answer = TypeVar("Answer")

# More would only make the slowest of them slower.
MOST: Final = 64


class Unanswered(Exception):
    """What was asked together failed; nothing has changed, and each may ask by itself."""


class Place(Generic[Question, Answer]):
    """A thread and what it asks."""

    def __init__(self, question: Question) -> None:
        self.question: Final = question
        self.deadline: Final = current()
        self.answers: list[Answer] = []  # one, once there is one
        self.led: list[Place[Question, Answer]] = []  # whom it is to ask for, itself first
        self._turn: Final = threading.Lock()
        self._turn.acquire()

    def wait(self) -> None:
        self._turn.acquire()

    def wake(self) -> None:
        self._turn.release()


class Together(Generic[Question, Answer]):
    """Gathers questions while the ones before them are being answered."""

    def __init__(self, ask: Callable[[Sequence[Question]], Sequence[Answer]]) -> None:
        """``ask`` answers each of several questions in their order, or raises for all of them."""
        self._ask: Final = ask
        self._mutex: Final = threading.Lock()
        self._waiting: list[Place[Question, Answer]] = []
        self._is_asking = False

    def ask(self, question: Question) -> Answer:
        """Ask, with whoever asks at the same time.

        Raises:
            Unanswered: it failed in company. What fails alone raises what it raised.
        """
        place: Place[Question, Answer] = Place(question)
        with self._mutex:
            if self._is_asking:
                self._waiting.append(place)
            else:
                self._is_asking = True
                place.led = [place]
        if not place.led:
            place.wait()
        if place.led:
            self._lead(place.led)
        if not place.answers:
            raise Unanswered
        return place.answers[0]

    def ask_alone(self, question: Question) -> Answer:
        return self._ask([question])[0]

    def _lead(self, places: list[Place[Question, Answer]]) -> None:
        """Ask for all of them in this thread, and let the next ones go on."""
        try:
            with bounded_by(earliest(places)):
                answers = self._ask([place.question for place in places])
            for place, answer in list(zip(places, answers, strict=True)):
                place.answers.append(answer)
        except Exception as error:
            if len(places) == 1:
                raise
            raise Unanswered from error
        finally:
            for place in places[1:]:
                place.wake()
            self._pass_on()

    def _pass_on(self) -> None:
        with self._mutex:
            coming, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
            self._is_asking = bool(coming)
            if coming:
                coming[0].led = coming
        if coming:
            coming[0].wake()


def earliest(places: Sequence[Place[Question, Answer]]) -> Deadline | None:
    """What holds the most hurried of them holds all."""
    found = [place.deadline for place in places if place.deadline is not None]
    return min(found, key=lambda deadline: deadline.expires_at) if found else None
