"""Settlement: once, in any order, however often and by however many it is run."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from django.db import connection

from portfolio.models import JournalEntry
from tests.trading.factories import (
    NOON,
    Clock,
    cash_of,
    facts,
    give_units,
    leading_matcher,
    make_instrument,
    make_portfolio,
    place,
    publish_quote,
    units_of,
)
from trading.models import Settlement
from trading.settlement import settle_due

pytestmark = pytest.mark.django_db

NEXT_DAY = NOON + timedelta(days=1)


def make_fills() -> tuple[object, object]:
    portfolio, apple = make_portfolio(), make_instrument()
    give_units(portfolio, apple, "10")
    publish_quote(apple, bid="99.00", ask="100.00")
    place(portfolio, apple, quantity="10")
    place(portfolio, apple, side="sell", quantity="4")
    leading_matcher().work()
    return portfolio, apple


def test_nothing_settles_before_its_date_begins_at_the_exchange() -> None:
    make_fills()
    midnight_in_new_york = datetime.fromisoformat("2026-03-05T05:00:00+00:00")
    assert settle_due(as_of=midnight_in_new_york - timedelta(seconds=1)) == 0
    assert settle_due(as_of=midnight_in_new_york) == 2


def test_unsettled_becomes_settled_once() -> None:
    portfolio, apple = make_fills()
    cash = cash_of(portfolio)  # type: ignore[arg-type]
    assert facts(cash.to_deliver, cash.to_receive) == (-1000, 396)

    assert settle_due(as_of=NEXT_DAY) == 2
    assert settle_due(as_of=NEXT_DAY) == 0

    settled = cash_of(portfolio)  # type: ignore[arg-type]
    assert facts(settled.settled, settled.to_deliver, settled.to_receive) == (98_396, 0, 0)
    assert settled.available == cash.available
    units = units_of(portfolio, apple)  # type: ignore[arg-type]
    assert facts(units.settled, units.to_receive, units.to_deliver) == (16, 0, 0)
    assert Settlement.objects.filter(settled_at=NEXT_DAY, entry__isnull=False).count() == 2
    assert JournalEntry.objects.filter(kind="settlement").count() == 2


def test_small_batches_settle_everything() -> None:
    make_fills()
    assert settle_due(as_of=NEXT_DAY, batch_size=1) == 2


def test_a_friday_trade_settles_on_monday() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    friday = NOON + timedelta(days=2)
    publish_quote(apple, at=friday)
    place(portfolio, apple, at=friday)
    leading_matcher(Clock(friday)).work()
    assert Settlement.objects.get().due_date.isoformat() == "2026-03-09"


@pytest.mark.django_db(transaction=True)
def test_many_at_once_settle_each_once() -> None:
    portfolio, apple = make_portfolio(), make_instrument()
    publish_quote(apple, size="1000")
    for _ in range(30):
        place(portfolio, apple, quantity="1")
    matcher = leading_matcher()
    matcher.work()
    connection.close()

    def settle(_: int) -> int:
        try:
            return settle_due(as_of=NEXT_DAY, batch_size=4)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(settle, range(4))) == 30
    assert cash_of(portfolio).settled == 97_000
    assert units_of(portfolio, apple).settled == 30
