"""The table of steps."""

from typing import get_args

import pytest

from integrations.live_orders import states, words
from integrations.live_orders.schemas import LiveStatus
from integrations.live_orders.states import ENDED, Event, IllegalStep, Status


def test_only_what_was_never_received_comes_back_from_its_end() -> None:
    left = {before for before, _ in states.TRANSITIONS if before in ENDED}
    assert left == {Status.NOT_RECEIVED}


def test_nothing_is_sent_twice() -> None:
    ways = [before for (before, event) in states.TRANSITIONS if event is Event.SENDING]
    assert ways == [Status.RECORDED]


def test_what_may_be_at_the_broker_is_never_said_to_be_refused_by_a_guess() -> None:
    assert states.after(Status.SENDING, Event.LOST) is Status.UNKNOWN
    with pytest.raises(IllegalStep):
        states.after(Status.ACCEPTED, Event.NOT_SENT)
    with pytest.raises(IllegalStep):
        states.after(Status.SENDING, Event.NOT_FOUND)


def test_every_status_and_step_has_words() -> None:
    assert set(words.STATUSES) == set(Status)
    assert set(words.EVENTS) == set(Event)


def test_programs_are_told_of_every_status() -> None:
    assert get_args(LiveStatus) == tuple(Status)
