"""Connections to brokers that are not there, and orders that reach none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from tests.fuzzing.asking import TIMEOUT_SECONDS, Asking

# A connection as if its broker had let us in once, and an order that it has.
ARM: Final = """
from decimal import Decimal
from django.utils import timezone
from integrations.connections.arming import ArmingTerms, arm_connection
from integrations.live_orders.placing import place_live_order
from integrations.live_orders.tickets import LiveTicket
from integrations.models import Connection, LiveOrder
from trading.states import OrderType, Side, TimeInForce
now = timezone.now()
made = Connection.objects.select_related("owner").get(id="{connection_id}")
Connection.objects.filter(id=made.id).update(account_id="FUZZ")
terms = ArmingTerms(order_value_maximum=Decimal(1_000_000), orders_a_day=1_000)
arm_connection(owner=made.owner, connection_id=made.id, terms=terms, armed_at=now)
size = dict(quantity=Decimal(1), limit_price=Decimal(1), client_order_id="fuzz-{number}")
market = dict(side=Side.BUY, type=OrderType.LIMIT, time_in_force=TimeInForce.DAY)
ticket = LiveTicket(symbol="AAPL", **market, **size)
order = place_live_order(
    owner=made.owner, connection_id=made.id, ticket=ticket, placed_at=now
)
told = dict(status="accepted", finished_at=None, broker_order_id="FUZZ-{number}")
LiveOrder.objects.filter(id=order.id).update(**told)
print(order.id)
"""


@dataclass
class Brokers(Asking):
    """As the administrator connects them."""

    def connection_body(self) -> dict[str, Any]:
        """To a broker that is not there."""
        if "tracked_id" not in self.shared:
            body = {"name": f"Fuzz {self.number()}", "kind": "tracked", "currency": "USD"}
            self.shared["tracked_id"] = str(self.post("/portfolios", body)["id"])
        return {
            "broker": "alpaca",
            "portfolio_id": self.shared["tracked_id"],
            "credentials": {"api_key": "AKFUZZ", "api_secret": "fuzz"},
            "is_scheduled": False,
        }

    def new_connection(self) -> str:
        """Beside the shared one there is one at a time: a user may have only so many."""
        if spare := self.shared.pop("spare connection", None):
            self.session.delete(
                f"{self.desk.url}/api/v1/connections/{spare}",
                headers={"Authorization": f"Bearer {self.keys['admin']}"},
                timeout=TIMEOUT_SECONDS,
            )
        made = str(self.post("/connections", self.connection_body())["id"])
        if "connection_id" in self.shared:
            self.shared["spare connection"] = made
        return made

    def new_sync(self) -> str:
        if "connection_id" not in self.shared:
            self.shared["connection_id"] = self.new_connection()
        return str(self.post(f"/connections/{self.shared['connection_id']}/syncs")["id"])

    def new_live_order(self) -> str:
        """Through the shared connection, which is armed from then on."""
        words = ARM.format(connection_id=self.shared["connection_id"], number=self.number())
        made = self.desk.manage("shell", "-c", words)
        return made.stdout.strip().splitlines()[-1]

    def live_order_body(self) -> dict[str, str]:
        """It reaches nobody, as its broker is not there."""
        return {
            "symbol": "AAPL",
            "side": "buy",
            "type": "limit",
            "quantity": "1",
            "limit_price": str(self.number()),
        }
