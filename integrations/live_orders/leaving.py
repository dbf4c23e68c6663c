"""What becomes of live orders when their connection or their portfolio goes."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.dispatch import receiver

from integrations.connections.disarming import ARCHIVED, DELETED, disarm
from integrations.connections.errors import ConnectionBusy
from integrations.live_orders.recording import Facts, locked_order, take_step
from integrations.live_orders.states import Event, Status
from integrations.models import Connection, LiveOrder
from portfolio.models import Portfolio
from portfolio.signals import portfolio_archiving
from trading.changing.archiving import OrdersWorking

NOBODY: Final = "Its connection was deleted; what became of it, the broker can tell you."


def leave_orders_of(connection: Connection, *, at: datetime) -> None:
    """Before a connection is deleted: nothing leaves through it, and nobody follows what did.

    Raises:
        ConnectionBusy: an order is being sent.
    """
    disarm(connection, because=DELETED, at=at)
    working = LiveOrder.objects.working().filter(connection=connection)
    for order_id in working.order_by("id").values_list("id", flat=True):
        order = locked_order(order_id)
        if order.status == Status.SENDING:
            raise ConnectionBusy
        if order.is_working:
            take_step(order, Event.UNFOLLOWED, at=at, facts=Facts(reason=NOBODY))


@receiver(portfolio_archiving, dispatch_uid="integrations.refuse_while_live_orders_work")
def refuse_while_live_orders_work(*, portfolio: Portfolio, at: datetime, **_: Any) -> None:
    """Raises:
    OrdersWorking: some live order of the portfolio may still fill.
    """
    if count := LiveOrder.objects.working().filter(portfolio=portfolio).count():
        raise OrdersWorking(count=count)
    for connection in portfolio.broker_connections.order_by("id"):
        disarm(connection, because=ARCHIVED, at=at)
