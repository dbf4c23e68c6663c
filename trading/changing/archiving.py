"""A portfolio is not archived while its orders work."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from portfolio.errors import PortfolioError
from portfolio.models import Portfolio
from portfolio.signals import portfolio_archiving


class OrdersWorking(PortfolioError):
    """Orders of the portfolio can still fill, so it cannot be archived."""

    code = "orders_working"

    def __init__(self, *, count: int) -> None:
        orders = "1 order works" if count == 1 else f"{count} orders work"
        super().__init__(f"{orders} still; cancel what is open first.")
        self.count = count


@receiver(portfolio_archiving, dispatch_uid="trading.refuse_while_orders_work")
def refuse_while_orders_work(*, portfolio: Portfolio, **_: Any) -> None:
    """Raises:
    OrdersWorking: some order of the portfolio can still fill.
    """
    if count := portfolio.orders.working().count():
        raise OrdersWorking(count=count)
