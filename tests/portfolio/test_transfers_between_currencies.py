"""Lots that go from a portfolio in one currency to one in another."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from market.currencies.rate_intake import store_rates
from market.currencies.rate_sheets import PublishedRate
from market.models import Instrument
from portfolio.activities import record_activity
from portfolio.errors import ActivityRefused
from portfolio.models import JournalEntry, Lot, Portfolio, UnitMove
from portfolio.portfolios import open_portfolio
from portfolio.recording.activity_rules import ActivityDraft
from portfolio.recording.reversals import reverse_entry
from tests.factories import make_instrument, make_user
from tests.portfolio.factories import NOON, activity, decimals, make_tracked

pytestmark = pytest.mark.django_db

LATER = NOON + timedelta(hours=1)
NOW = NOON + timedelta(days=30)


@pytest.fixture
def giver() -> Portfolio:
    return make_tracked(make_user(), cash="1000")


@pytest.fixture
def taker(giver: Portfolio) -> Portfolio:
    return make_in(giver, "EUR")


@pytest.fixture
def apple(giver: Portfolio) -> Instrument:
    """Ten units of it were bought by the giver at 100."""
    apple = make_instrument("AAPL")
    record(giver, activity("buy", instrument=apple, quantity="10", unit_price="100"))
    return apple


def make_in(other: Portfolio, currency: str) -> Portfolio:
    return open_portfolio(
        owner=other.owner,
        name=f"In {currency}",
        kind="tracked",
        currency=currency,
        starting_cash=None,
        opened_at=NOON,
    )


def store_rate(per_euro: str, *, currency: str = "USD") -> None:
    rates = [PublishedRate(currency, NOON.date(), Decimal(per_euro))]
    store_rates(rates, source="ecb", is_authoritative=True, recorded_at=NOON)


def record(portfolio: Portfolio, draft: ActivityDraft) -> JournalEntry:
    return record_activity(portfolio=portfolio, activity=draft, recorded_at=NOW)


def side(kind: str, instrument: Instrument, **facts: object) -> ActivityDraft:
    """Four units leave or arrive, told by one side."""
    told = activity(kind, instrument=instrument, at=LATER, quantity="4")
    return replace(told, **facts)  # type: ignore[arg-type]


def arrived(taker: Portfolio) -> list[tuple[object, ...]]:
    return [
        (one.opened_at, one.cost, one.local_cost) for one in Lot.objects.filter(portfolio=taker)
    ]


def is_something_missing() -> bool:
    return UnitMove.objects.filter(missing_quantity__gt=0).exists()


@pytest.mark.parametrize("told_by", ["giver", "taker"])
def test_lots_move_whoever_tells_of_it(
    giver: Portfolio, taker: Portfolio, apple: Instrument, told_by: str
) -> None:
    store_rate("1.25")
    if told_by == "giver":
        record(giver, side("transfer_out", apple, counterpart=taker))
    else:
        record(taker, side("transfer_in", apple, counterpart=giver))
    assert arrived(taker) == [(NOON, *decimals(320, 400))]
    assert not is_something_missing()


@pytest.mark.parametrize("first", ["transfer_out", "transfer_in"])
def test_lots_move_when_the_second_side_is_recorded(
    giver: Portfolio, taker: Portfolio, apple: Instrument, first: str
) -> None:
    store_rate("1.25")
    tellers = {"transfer_out": giver, "transfer_in": taker}
    second = ({*tellers} - {first}).pop()
    told = {kind: side(kind, apple, external_id="move") for kind in tellers}
    before = record(tellers[first], told[first])
    assert is_something_missing() == (first == "transfer_in")
    record(tellers[second], told[second])
    assert arrived(taker) == [(NOON, *decimals(320, 400))]
    assert not is_something_missing()
    # Said again once both sides are there, it is the same entry.
    assert record(tellers[first], told[first]).id == before.id


@pytest.mark.parametrize("first", ["transfer_out", "transfer_in"])
def test_the_rate_is_kept_as_it_was_when_the_second_side_came(
    giver: Portfolio, taker: Portfolio, apple: Instrument, first: str
) -> None:
    store_rate("1.25")
    tellers = {"transfer_out": giver, "transfer_in": taker}
    for kind in sorted(tellers, key=first.__ne__):
        record(tellers[kind], side(kind, apple, external_id="move"))
    store_rate("2")
    # An earlier purchase makes the lots be derived anew, on both sides.
    earlier = NOON - timedelta(days=1)
    record(giver, activity("buy", instrument=apple, quantity="1", unit_price="50", at=earlier))
    assert arrived(taker) == [(earlier, *decimals(40, 50)), (NOON, *decimals(240, 300))]


def test_two_sides_of_one_moment_belong_together(
    giver: Portfolio, taker: Portfolio, apple: Instrument
) -> None:
    store_rate("1.25")
    record(giver, side("transfer_out", apple))
    record(taker, side("transfer_in", apple))
    assert arrived(taker) == [(NOON, *decimals(320, 400))]


def test_a_rate_between_two_that_are_not_the_euro(giver: Portfolio, apple: Instrument) -> None:
    store_rate("1.25")
    store_rate("200", currency="JPY")
    in_yen = make_in(giver, "JPY")
    record(in_yen, side("transfer_in", apple, external_id="move"))
    record(giver, side("transfer_out", apple, external_id="move"))
    assert arrived(in_yen) == [(NOON, *decimals(64_000, 400))]


@pytest.mark.parametrize("first", ["transfer_out", "transfer_in"])
def test_without_a_rate_the_second_side_is_refused(
    giver: Portfolio, taker: Portfolio, apple: Instrument, first: str
) -> None:
    tellers = {"transfer_out": giver, "transfer_in": taker}
    second = ({*tellers} - {first}).pop()
    record(tellers[first], side(first, apple, external_id="move"))
    with pytest.raises(ActivityRefused, match="there is no rate"):
        record(tellers[second], side(second, apple, external_id="move"))


def test_a_side_that_was_reversed_is_recorded_anew(
    giver: Portfolio, taker: Portfolio, apple: Instrument
) -> None:
    store_rate("1.25")
    record(taker, side("transfer_in", apple, external_id="move"))
    left = record(giver, side("transfer_out", apple, external_id="move"))
    reverse_entry(portfolio=giver, entry_id=left.id, reversed_at=NOW)
    assert arrived(taker) == []
    record(giver, side("transfer_out", apple))
    record(taker, side("transfer_in", apple))
    assert arrived(taker) == [(NOON, *decimals(320, 400))]
