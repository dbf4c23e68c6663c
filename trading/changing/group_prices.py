"""What stands against a changed order beside those that it belongs to."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from enum import IntEnum
from typing import Final

from django.db.models import Q

from accounts.errors import Problem
from market.values import plain
from trading.models import Order
from trading.placing.exit_rules import waiting_problems
from trading.placing.tickets import OrderTicket
from trading.states import OrderClass, OrderType


class Rung(IntEnum):
    """Prices of a group rise in this order."""

    STOP_LOSS = 1
    ENTRY = 2
    TAKE_PROFIT = 3


NAMES: Final = {
    Rung.STOP_LOSS: "the stop-loss",
    Rung.ENTRY: "the entry",
    Rung.TAKE_PROFIT: "the take-profit",
}


def group_problems(old: Order, ticket: OrderTicket) -> Iterator[Problem]:
    """The rules that the group was placed by, of ``ticket`` in the place of ``old``."""
    if old.order_class == OrderClass.SIMPLE:
        return
    rung = rung_of(old)
    if rung is Rung.ENTRY:
        yield from waiting_problems(ticket)
    field = field_of(rung, limit=ticket.limit_price)
    price: Decimal | None = getattr(ticket, field)
    if price is None or not price.is_finite() or old.triggered_at is not None:
        return
    for other in others_of(old):
        its_rung = rung_of(other)
        its_price = getattr(other, field_of(its_rung, limit=other.limit_price))
        if its_price is None or its_rung == rung:
            continue
        if (price < its_price) != (rung < its_rung) or price == its_price:
            where = "below" if rung < its_rung else "above"
            message = f"{field} was {plain(price)}, must be {where} {plain(its_price)},"
            yield Problem(field, "wrong_side", f"{message} the price of {NAMES[its_rung]}.")


def others_of(old: Order) -> Iterator[Order]:
    """Those of the group whose prices still say something; not an entry that has done its part."""
    head = old.parent_id or old.id
    family = Order.objects.filter(Q(id=head) | Q(parent=head), finished_at=None, triggered_at=None)
    for other in family.exclude(id=old.id).order_by("id"):
        if old.activated_at is None or rung_of(other) is not Rung.ENTRY:
            yield other


def rung_of(order: Order) -> Rung:
    if not order.is_exit:
        return Rung.ENTRY
    return Rung.TAKE_PROFIT if order.type == OrderType.LIMIT else Rung.STOP_LOSS


def field_of(rung: Rung, *, limit: Decimal | None) -> str:
    """Where its price stands; an entry with a stop and a limit is measured from the limit."""
    if rung is Rung.STOP_LOSS or (rung is Rung.ENTRY and limit is None):
        return "stop_price"
    return "limit_price"
