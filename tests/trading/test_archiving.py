"""A portfolio with working orders stays."""

from __future__ import annotations

import pytest

from portfolio.portfolios import archive_portfolio
from tests.trading.factories import (
    NOON,
    leading_matcher,
    make_instrument,
    make_portfolio,
    make_user,
    place,
)
from trading.changing.archiving import OrdersWorking
from trading.orders import cancel_order

pytestmark = pytest.mark.django_db


def test_it_is_refused_while_orders_work_and_possible_after() -> None:
    alice, apple = make_user(), make_instrument()
    portfolio = make_portfolio(alice)
    order = place(portfolio, apple, limit="90")
    with pytest.raises(OrdersWorking):
        archive_portfolio(portfolio_id=portfolio.id, owner=alice, archived_at=NOON)

    cancel_order(order_id=order.id, requested_at=NOON)
    leading_matcher().work()

    archived = archive_portfolio(portfolio_id=portfolio.id, owner=alice, archived_at=NOON)
    assert archived.archived_at == NOON
