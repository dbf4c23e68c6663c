"""Replacing an order on several connections at once, while it is being matched."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import connection

from portfolio.bookkeeping.probes import failed_probes
from tests.portfolio.factories import race
from tests.trading.factories import (
    NOON,
    Clock,
    cash_of,
    facts,
    leading_matcher,
    make_instrument,
    make_portfolio,
    place,
    publish_quote,
    status_of,
)
from trading.changing.replacement import Changes, replace_order
from trading.errors import OrderBusy, OrderFinished
from trading.matcher import Matcher
from trading.models import Order

pytestmark = pytest.mark.django_db(transaction=True)


def match_once() -> int:
    matcher = Matcher(shard=0, shards=1, clock=Clock())
    return matcher.work() if matcher.lead() else 0


def test_only_one_of_many_replacements_is_taken() -> None:
    portfolio, apple = make_portfolio(cash="1000"), make_instrument()
    publish_quote(apple)
    order = place(portfolio, apple, limit="90", tif="gtc")
    outcomes = race(
        [
            lambda price=price: replace_order(  # type: ignore[misc]
                order_id=order.id, changes=Changes(limit_price=Decimal(price)), requested_at=NOON
            )
            for price in range(91, 97)
        ]
    )
    taken = [one for one in outcomes if isinstance(one, Order)]
    assert facts(len(taken), len([one for one in outcomes if isinstance(one, OrderBusy)])) == (1, 5)
    connection.close()
    leading_matcher().work()
    assert facts(status_of(order), status_of(taken[0])) == ("replaced", "new")


def test_a_replacement_and_the_fill_of_its_order_never_both_have_the_units() -> None:
    portfolio, apple = make_portfolio(cash="2000"), make_instrument()
    publish_quote(apple)
    order = place(portfolio, apple, quantity="10", limit="100", tif="gtc")
    (asked, _) = race(
        [
            lambda: replace_order(
                order_id=order.id, changes=Changes(quantity=Decimal(12)), requested_at=NOON
            ),
            match_once,
        ]
    )
    connection.close()
    leading_matcher().work()
    filled = sum(one.filled_quantity for one in Order.objects.all())
    assert isinstance(asked, Order | OrderFinished)
    assert filled == 10
    assert failed_probes() == []
    held = 0 if isinstance(asked, OrderFinished) or status_of(asked) == "rejected" else 200
    assert cash_of(portfolio).held == held
