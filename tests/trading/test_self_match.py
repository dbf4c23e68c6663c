"""An order that would trade with its owner is refused at the door, wherever it comes from."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.trading.factories import (
    NOON,
    give_units,
    leading_matcher,
    make_instrument,
    make_portfolio,
    make_ticket,
    make_user,
    place,
    publish_quote,
)
from trading import orders
from trading.changing.replacement import Changes, replace_order
from trading.errors import OrderDenied
from trading.models import Order
from trading.placing.order_batch import Wish, place_orders

pytestmark = pytest.mark.django_db


@pytest.fixture
def resting() -> Order:
    """Alice's sale of 10 AAPL at 99.95, inside the market's 99.90 to 100.00."""
    portfolio, apple = make_portfolio(), make_instrument()
    give_units(portfolio, apple, "30")
    publish_quote(apple)
    place(portfolio, apple, side="sell", limit="101")
    order = place(portfolio, apple, side="sell", limit="99.95")
    leading_matcher().work()
    return order


@pytest.mark.parametrize(("limit", "field"), [(None, "side"), ("99.97", "limit_price")])
def test_it_is_refused_from_any_portfolio_of_the_owner(
    resting: Order, limit: str | None, field: str
) -> None:
    second = make_portfolio(resting.portfolio.owner, name="Second")
    for portfolio in (resting.portfolio, second):
        with pytest.raises(OrderDenied) as denied:
            place(portfolio, resting.instrument, limit=limit)
        (problem,) = denied.value.problems
        assert (problem.field, problem.code) == (field, "self_match")
        assert "your own sale at 99.95" in problem.message
    ticket = make_ticket(resting.instrument, limit=limit)
    wish = Wish(second.id, ticket)
    (placing,) = place_orders(wishes=[wish], placed_at=NOON)
    assert isinstance(placing.error, OrderDenied)
    estimate = orders.estimate_order(portfolio_id=second.id, ticket=ticket, at=NOON)
    assert [one.code for one in estimate.problems] == ["self_match"]


def test_what_meets_nobody_of_his_own_is_placed(resting: Order) -> None:
    place(resting.portfolio, resting.instrument, limit="99.94")
    place(resting.portfolio, resting.instrument, side="sell", limit="99.96")
    place(make_portfolio(make_user("bob@example.com")), resting.instrument)
    place(resting.portfolio, other := make_instrument("MSFT"), limit="100")
    assert Order.objects.filter(instrument__in=[resting.instrument, other]).count() == 6


def test_a_replacement_is_refused_as_well(resting: Order) -> None:
    low = place(resting.portfolio, resting.instrument, limit="99", tif="gtc")
    leading_matcher().work()
    with pytest.raises(OrderDenied, match="your own sale"):
        replace_order(
            order_id=low.id, changes=Changes(limit_price=Decimal("99.96")), requested_at=NOON
        )
