"""The table of an order's life: complete, terminal states final, every state reached and worded."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from alpaca.trading.enums import OrderStatus

from integrations.alpaca_api.order_json import STATUSES
from tests.trading.factories import (
    NOON,
    Clock,
    leading_matcher,
    make_instrument,
    make_portfolio,
    place,
    publish_quote,
    status_of,
)
from trading.models import OrderEvent
from trading.states import (
    STEPS_BACK,
    TRANSITIONS,
    Event,
    IllegalTransition,
    Status,
    next_status,
    standing_status,
    status_back,
)
from trading.status_words import WORDS

NIGHT = NOON.replace(hour=23)  # of the same Wednesday, after the close in New York


def test_every_status_is_reached_from_where_every_order_starts() -> None:
    reached = {Status.PENDING_NEW}
    while more := {to for (start, _), to in TRANSITIONS.items() if start in reached} - reached:
        reached |= more
    assert reached == set(Status)


def test_terminal_statuses_are_final() -> None:
    assert [key for key in TRANSITIONS if key[0] in Status.terminal()] == []
    for status in Status.terminal():
        for event in Event:
            with pytest.raises(IllegalTransition):
                next_status(status, event)


def test_every_status_has_words_and_one_that_alpaca_knows() -> None:
    assert set(WORDS) == set(Status)
    assert {STATUSES.get(status, status) for status in Status} <= {one.value for one in OrderStatus}


def test_what_goes_on_as_it_stood_goes_where_the_table_says() -> None:
    for status in Status:
        for event in Event:
            for standing in Status:
                if standing in STEPS_BACK.get((status, event), ()):
                    assert status_back(status, event, standing=standing) is standing
                    assert standing not in Status.terminal()
                    continue
                with pytest.raises(IllegalTransition):
                    status_back(status, event, standing=standing)


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({"is_suspended": True, "is_held": True, "has_filled": True}, "suspended"),
        ({"is_held": True, "has_filled": False}, "held"),
        ({"is_held": False, "has_filled": True, "is_queued": True}, "partially_filled"),
        ({"is_held": False, "has_filled": False, "is_queued": True}, "accepted"),
        ({"is_held": False, "has_filled": False}, "new"),
    ],
)
def test_where_an_order_stands_says_its_status(where: dict[str, bool], expected: str) -> None:
    assert standing_status(**where) == expected


@pytest.mark.django_db
def test_an_order_taken_at_night_is_accepted_until_its_market_opens(settings: Any) -> None:
    settings.SIMULATED_EXCHANGE_HOURS = "real"
    portfolio, apple = make_portfolio(), make_instrument()
    low = place(portfolio, apple, limit="90", tif="gtc", at=NIGHT)
    high = place(portfolio, apple, limit="100", tif="gtc", at=NIGHT)
    clock = Clock(NIGHT)
    leading_matcher(clock).work()
    assert [status_of(low), status_of(high)] == ["accepted", "accepted"]

    morning = clock.advance(hours=16)
    publish_quote(apple, ask="100.00", at=morning)
    leading_matcher(clock).work()  # one that begins anew remembers that they waited

    assert [status_of(low), status_of(high)] == ["new", "filled"]
    told = OrderEvent.objects.filter(order=low).order_by("id").values_list("kind", flat=True)
    assert list(told) == ["placed", "queued", "opened"]
    assert clock.now - NIGHT == timedelta(hours=16)
