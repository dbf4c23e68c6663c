"""Alpaca's Trading API v2 on this machine."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from integrations.brokers.rehearsing import NOT_FOUND, Asked, Rehearsal, Told, World
from market.values import wire_time
from trading.brokers import BrokerActivity

CREDENTIALS: Final = {"api_key": "AKREHEARSAL", "api_secret": "alpaca-secret"}
KINDS: Final = {
    "deposit": "CSD",
    "withdrawal": "CSW",
    "dividend": "DIV",
    "interest": "INT",
    "fee": "FEE",
}
LEAVING: Final = frozenset({"withdrawal", "fee"})
KNOWN: Final = frozenset({"AAPL", "MSFT"})
# A share of anything costs a hundred here.
PRICE: Final = Decimal(100)
OPEN: Final = frozenset({"accepted", "new", "partially_filled"})


class AlpacaRehearsal(Rehearsal):
    credentials = CREDENTIALS

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.orders: dict[str, dict[str, Any]] = {}

    def lets_in(self, asked: Asked) -> bool:
        key = asked.headers.get("Apca-Api-Key-Id")
        secret = asked.headers.get("Apca-Api-Secret-Key")
        return (key, secret) == tuple(CREDENTIALS.values())

    def placed_orders(self) -> list[str]:
        return [order["client_order_id"] for order in self.orders.values()]

    def answer(self, asked: Asked) -> Told:
        if asked.path == "/v2/account":
            return Told(200, self.account())
        if asked.path == "/v2/positions":
            return Told(200, self.positions())
        if asked.path == "/v2/account/activities":
            return Told(200, self.activities(asked))
        if asked.path == "/v2/orders:by_client_order_id":
            return self.found(asked.query["client_order_id"])
        if asked.path == "/v2/orders":
            return self.place(asked) if asked.method == "POST" else Told(200, self.page(asked))
        if asked.path.startswith("/v2/orders/"):
            return self.change(asked, asked.path.removeprefix("/v2/orders/"))
        return Told(NOT_FOUND, {"message": "endpoint not found"})

    def account(self) -> dict[str, Any]:
        return {
            "id": "e6fe16f3-64a4-4921-8928-cadf02f92f98",
            "account_number": "010203ABCD",
            "status": "ACTIVE",
            "currency": self.world.currency,
            "cash": str(self.world.cash),
        }

    def positions(self) -> list[dict[str, Any]]:
        return [
            {"symbol": one.symbol, "qty": str(one.quantity), "avg_entry_price": str(one.unit_cost)}
            for one in self.world.positions
        ]

    def activities(self, asked: Asked) -> list[dict[str, Any]]:
        found = [activity(one) for one in self.world.happenings]
        if after := asked.query.get("after"):
            moment = datetime.fromisoformat(after)
            found = [
                rendered
                for one, rendered in zip(self.world.happenings, found, strict=True)
                if one.occurred_at >= moment
            ]
        ids = [one["id"] for one in found]
        token = asked.query.get("page_token")
        start = ids.index(token) + 1 if token else 0
        return found[start : start + int(asked.query["page_size"])]

    def page(self, asked: Asked) -> list[dict[str, Any]]:
        after = asked.query.get("after", "")
        found = [one for one in self.orders.values() if one["submitted_at"] > after]
        return found[: int(asked.query["limit"])]

    def found(self, client_order_id: str) -> Told:
        for order in self.orders.values():
            if order["client_order_id"] == client_order_id:
                return Told(200, order)
        return Told(NOT_FOUND, {"code": 40410000, "message": "order not found"})

    def place(self, asked: Asked) -> Told:
        told = asked.json()
        if told["client_order_id"] in self.placed_orders():
            return Told(422, {"code": 40010001, "message": "client_order_id must be unique"})
        if told["symbol"] not in KNOWN:
            return refusal(f'could not find asset "{told["symbol"]}"')
        quantity = Decimal(told.get("qty", 0))
        if quantity <= 0 and "notional" not in told:
            return refusal("qty must be > 0")
        if told["side"] == "buy" and quantity * PRICE > self.world.cash:
            return Told(403, {"code": 40310000, "message": "insufficient buying power"})
        order_id = f"order-{len(self.orders) + 1}"
        self.orders[order_id] = {
            **told,
            "id": order_id,
            "status": "accepted",
            "filled_qty": "0",
            "submitted_at": now(),
        }
        return Told(200, self.orders[order_id])

    def change(self, asked: Asked, order_id: str) -> Told:
        order = self.orders.get(order_id)
        if order is None:
            return Told(NOT_FOUND, {"code": 40410000, "message": "order not found"})
        if asked.method == "DELETE":
            if order["status"] not in OPEN:
                return refusal(f"order is already in {order['status']!r} state")
            order["status"] = "canceled"
            return Told(204, b"")
        return self.replace(order, asked.json())

    def replace(self, order: dict[str, Any], told: dict[str, Any]) -> Told:
        if order["status"] not in OPEN:
            return refusal(f"cannot replace order in {order['status']} status")
        if told["client_order_id"] in self.placed_orders():
            return Told(422, {"code": 40010001, "message": "client_order_id must be unique"})
        if "qty" in told and Decimal(told["qty"]) <= Decimal(order["filled_qty"]):
            return refusal("qty must be > filled_qty")
        if trail := told.pop("trail", None):
            name = "trail_price" if "trail_price" in order else "trail_percent"
            told[name] = trail
        new_id = f"order-{len(self.orders) + 1}"
        self.orders[new_id] = {
            **order,
            **told,
            "id": new_id,
            "status": "accepted",
            "replaces": order["id"],
            "submitted_at": now(),
        }
        order |= {"status": "replaced", "replaced_by": new_id}
        return Told(200, self.orders[new_id])


def now() -> str:
    return wire_time(datetime.now(UTC))


def refusal(message: str) -> Told:
    return Told(422, {"code": 42210000, "message": message})


def activity(one: BrokerActivity) -> dict[str, Any]:
    if one.kind in {"buy", "sell"}:
        return {
            "id": one.id,
            "activity_type": "FILL",
            "type": "fill",
            "symbol": one.symbol,
            "side": one.kind,
            "qty": str(one.quantity),
            "price": str(one.unit_price),
            "transaction_time": wire_time(one.occurred_at),
        }
    sign = "-" if one.kind in LEAVING else ""
    return {
        "id": one.id,
        "activity_type": KINDS[one.kind],
        "date": one.occurred_at.date().isoformat(),
        "net_amount": f"{sign}{one.amount}",
        "symbol": one.symbol,
        "status": "executed",
    }


REHEARSAL: Final = AlpacaRehearsal
