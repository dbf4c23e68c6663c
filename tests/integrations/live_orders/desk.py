"""A connection that real orders may leave through, to a broker on this machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.utils import timezone

from accounts.models import User
from integrations.brokers.alpaca.rehearsal import AlpacaRehearsal
from integrations.brokers.rehearsing import Asked, Told
from integrations.connections import arming
from integrations.connections.arming import ArmingTerms
from integrations.live_orders import following, sending
from integrations.live_orders.changes import LiveChanges
from integrations.live_orders.placing import place_live_order
from integrations.live_orders.replacing import replace_live_order
from integrations.live_orders.tickets import LiveTicket
from integrations.models import Arming, Connection, LiveOrder
from integrations.models.connections import SyncKind
from market.live.live_quotes import prefixed, valkey
from tests.integrations.connections.desk import Desk
from trading.states import OrderType, Side, TimeInForce

ORDERING: Final = frozenset({"POST", "PATCH"})
Answer = Callable[[Asked], Told]


def ticket(**changes: Any) -> LiveTicket:
    facts: dict[str, Any] = {
        "symbol": "AAPL",
        "side": Side.BUY,
        "type": OrderType.MARKET,
        "time_in_force": TimeInForce.DAY,
        "quantity": Decimal(2),
        "client_order_id": "mine-1",
    }
    return LiveTicket(**facts | changes)


def later(**by: float) -> Callable[[], datetime]:
    return lambda: timezone.now() + timedelta(**by)


@dataclass
class LiveOrderDesk:
    desk: Desk
    connection: Connection = field(init=False)

    def __post_init__(self) -> None:
        self.connection = self.desk.connect()
        self.desk.sync(self.connection, kind=SyncKind.VERIFICATION)
        self.connection.refresh_from_db()
        self.vendor.asked.clear()

    @property
    def owner(self) -> User:
        return self.desk.owner

    @property
    def vendor(self) -> AlpacaRehearsal:
        assert isinstance(self.desk.vendor, AlpacaRehearsal)
        return self.desk.vendor

    @property
    def posted(self) -> list[Asked]:
        """Orders that reached the broker's door, whatever became of them."""
        return [one for one in self.vendor.asked if one.method == "POST"]

    @property
    def patched(self) -> list[Asked]:
        """Changes that reached the broker's door."""
        return [one for one in self.vendor.asked if one.method == "PATCH"]

    def arm(self, value: str = "1000", orders: int = 5) -> Arming:
        return arming.arm_connection(
            owner=self.owner,
            connection_id=self.connection.id,
            terms=ArmingTerms(order_value_maximum=Decimal(value), orders_a_day=orders),
            armed_at=timezone.now(),
        )

    def disarm(self) -> None:
        arming.disarm_connection(
            owner=self.owner, connection_id=self.connection.id, disarmed_at=timezone.now()
        )

    def place(self, **changes: Any) -> LiveOrder:
        return place_live_order(
            owner=self.owner,
            connection_id=self.connection.id,
            ticket=ticket(**changes),
            placed_at=timezone.now(),
        )

    def send(self, order: LiveOrder, *, clock: Callable[[], datetime] = timezone.now) -> LiveOrder:
        sending.send_live_order(order.id, clock=clock)
        return self.again(order)

    def sent(self, **changes: Any) -> LiveOrder:
        return self.send(self.place(**changes))

    def replace(self, order: LiveOrder, **changes: Any) -> LiveOrder:
        """For a limit of 101, if nothing else is said."""
        facts = {"client_order_id": "mine-2"} | (changes or {"limit_price": Decimal(101)})
        return replace_live_order(
            owner=self.owner,
            order_id=order.id,
            changes=LiveChanges(**facts),
            replaced_at=timezone.now(),
        )

    def look(self, order: LiveOrder, *, seconds: float = 0) -> LiveOrder:
        """Have the broker asked as if so much time had passed."""
        valkey().delete(prefixed(f"brokers:pace:{self.connection.id.hex}"))
        LiveOrder.objects.filter(id=order.id, look_at__isnull=False).update(look_at=timezone.now())
        following.look(self.connection.id, clock=later(seconds=seconds))
        return self.again(order)

    def fill(self, order: LiveOrder, quantity: str, *, status: str = "partially_filled") -> None:
        for known in self.vendor.orders.values():
            if known["client_order_id"] == str(order.id):
                known |= {"filled_qty": quantity, "status": status}

    @staticmethod
    def again(order: LiveOrder) -> LiveOrder:
        return LiveOrder.objects.select_related("instrument").get(id=order.id)

    def events(self, order: LiveOrder) -> list[tuple[str, str]]:
        return list(order.events.order_by("id").values_list("kind", "status"))


def take_and_hang(asked: Asked, answer: Answer) -> Told | None:
    """The broker takes the order, or the change of one, and its answer never comes."""
    if asked.method not in ORDERING:
        return None
    answer(asked)
    return Told(is_held=True)


def refuse_orders(status: int, **headers: str) -> Callable[[Asked, Answer], Told | None]:
    """It answers so to orders, and has not taken them."""

    def fault(asked: Asked, answer: Answer) -> Told | None:
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        return Told(status, b"{}", told) if asked.method in ORDERING else None

    return fault
