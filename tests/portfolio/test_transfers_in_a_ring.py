"""Units that two portfolios would give each other, each what it got from the other."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from market.models import Instrument
from portfolio.activities import record_activity
from portfolio.errors import ActivityRefused
from portfolio.models import JournalEntry, Portfolio, Position, UnitMove
from tests.factories import make_instrument, make_user
from tests.portfolio.factories import NOON, activity, make_tracked

pytestmark = pytest.mark.django_db


@pytest.fixture
def apple() -> Instrument:
    return make_instrument()


@pytest.fixture
def both() -> tuple[Portfolio, Portfolio]:
    alice = make_user()
    first = make_tracked(alice, name="First", cash=None)
    return first, make_tracked(alice, name="Second", cash=None)


def record(portfolio: Portfolio, kind: str, instrument: Instrument, *, minutes: int = 0) -> None:
    moment = NOON + timedelta(minutes=minutes)
    draft = activity(kind, instrument=instrument, quantity="10", at=moment)
    named = replace(draft, external_id=f"{portfolio.name} {kind} {minutes}")
    record_activity(portfolio=portfolio, activity=named, recorded_at=NOON + timedelta(days=1))


def test_units_that_would_come_from_where_they_go_are_refused(
    both: tuple[Portfolio, Portfolio], apple: Instrument
) -> None:
    first, second = both
    record(first, "transfer_in", apple)
    record(first, "transfer_out", apple)
    record(second, "transfer_in", apple)
    with pytest.raises(ActivityRefused) as refused:
        record(second, "transfer_out", apple)
    assert [one.code for one in refused.value.problems] == ["in_a_ring"]
    assert JournalEntry.objects.filter(kind="transfer_out").count() == 1


def test_units_that_go_there_and_back_are_no_ring(
    both: tuple[Portfolio, Portfolio], apple: Instrument
) -> None:
    first, second = both
    for minutes in range(4):
        giver, taker = (first, second) if minutes % 2 == 0 else (second, first)
        record(giver, "transfer_out", apple, minutes=minutes)
        record(taker, "transfer_in", apple, minutes=minutes)
    # Found out last, it is the cost of all of them.
    bought = activity("buy", instrument=apple, quantity="10", unit_price="7", at=NOON)
    early = replace(bought, occurred_at=NOON - timedelta(days=1))
    record_activity(portfolio=first, activity=early, recorded_at=NOON + timedelta(days=1))
    assert Position.objects.get(portfolio=first).cost == 70
    assert not UnitMove.objects.filter(missing_quantity__gt=0).exists()
