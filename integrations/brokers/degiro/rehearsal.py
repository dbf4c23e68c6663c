"""What trader.degiro.nl answers, on this machine."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar, Final

from integrations.brokers.degiro.broker import CODE_SECONDS, LOGIN, REPORTS, code_of
from integrations.brokers.rehearsing import NOT_FOUND, Asked, Rehearsal, Told, World
from trading.brokers import BrokerActivity

CREDENTIALS: Final = {
    "username": "alice",
    "password": "degiro-secret",
    "totp_secret": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
}
ACCOUNT: Final = "51234567"
TRADES: Final = {"buy": "B", "sell": "S"}
DESCRIPTIONS: Final = {
    "deposit": "iDEAL Deposit",
    "withdrawal": "flatex Withdrawal",
    "dividend": "Dividend",
    "interest": "Flatex Interest Income",
    "fee": "DEGIRO Exchange Connection Fee 2025",
}
LEAVING: Final = frozenset({"withdrawal", "fee", "buy"})
BASE_ID: Final = 330_000


class DegiroRehearsal(Rehearsal):
    """Each sign-in opens another session and ends the former."""

    credentials = CREDENTIALS
    pages_by: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.sessions = 0

    @property
    def session_id(self) -> str:
        return f"A{self.sessions}.prod_b_128_1"

    def admits(self, asked: Asked) -> bool:
        return asked.path.startswith(LOGIN) or super().admits(asked)

    def lets_in(self, asked: Asked) -> bool:
        return asked.headers.get("Cookie") == f"JSESSIONID={self.session_id}"

    def refuse(self) -> Told:
        return Told(401, {"errors": [{"text": "SESSION_EXPIRED"}]})

    def placed_orders(self) -> list[str]:
        return []

    def tells_history(self, asked: Asked) -> bool:
        return asked.path.startswith(REPORTS)

    def lists_of(self, body: Any) -> list[list[dict[str, Any]]]:
        data = body.get("data") if isinstance(body, dict) else None
        found = data.get("cashMovements") if isinstance(data, dict) else data
        return [found] if isinstance(found, list) else []

    def answer(self, asked: Asked) -> Told:
        path = asked.path.partition(";")[0]
        if path.startswith(LOGIN):
            return self.sign_in(asked)
        answers: dict[str, Callable[[Asked], Any]] = {
            "/pa/secure/client": lambda _: {"data": {"id": 9, "intAccount": int(ACCOUNT)}},
            f"/trading/secure/v5/account/info/{ACCOUNT}": lambda _: {
                "data": {"clientId": 9, "baseCurrency": self.world.currency}
            },
            f"/trading/secure/v5/update/{ACCOUNT}": self.update,
            "/product_search/secure/v5/products/info": self.products,
            f"{REPORTS}/v4/transactions": lambda it: {
                "data": [self.transaction(one) for one in self.found(it) if one.kind in TRADES]
            },
            f"{REPORTS}/v6/accountoverview": lambda it: {
                "data": {"cashMovements": [self.move(one) for one in reversed(self.found(it))]}
            },
        }
        if path not in answers:
            return Told(NOT_FOUND, b"<html>")
        return Told(200, answers[path](asked))

    def sign_in(self, asked: Asked) -> Told:
        told, now = asked.json(), self.clock()
        codes = [
            code_of(CREDENTIALS["totp_secret"], at=now + step * CODE_SECONDS) for step in (-1, 0, 1)
        ]
        if (told["username"], told["password"]) != (
            CREDENTIALS["username"],
            CREDENTIALS["password"],
        ):
            return Told(400, {"loginFailures": 1, "status": 3, "statusText": "badCredentials"})
        if not asked.path.endswith("/totp"):
            return Told(400, {"status": 6, "statusText": "totpNeeded"})
        if told.get("oneTimePassword") not in codes:
            return Told(400, {"status": 3, "statusText": "badCredentials"})
        self.sessions += 1
        self.is_expired = False
        return Told(200, {"sessionId": self.session_id, "status": 0, "statusText": "success"})

    def codes(self) -> list[str]:
        told = {one.symbol for one in self.world.happenings if one.symbol}
        return sorted(told | {one.symbol for one in self.world.positions})

    def product_id(self, symbol: str) -> int:
        return BASE_ID + self.codes().index(symbol)

    def products(self, asked: Asked) -> dict[str, Any]:
        return {
            "data": {
                str(self.product_id(symbol)): {
                    "id": str(self.product_id(symbol)),
                    "symbol": symbol,
                    "name": f"{symbol} Inc.",
                    "isin": "",
                    "currency": self.world.currency,
                    "contractSize": 1.0,
                    "productType": "STOCK",
                }
                for symbol in self.codes()
            }
        }

    def update(self, asked: Asked) -> dict[str, Any]:
        positions = [
            {
                "id": str(self.product_id(one.symbol)),
                "positionType": "PRODUCT",
                "size": float(one.quantity),
                "breakEvenPrice": float(one.unit_cost or 0),
            }
            for one in self.world.positions
        ]
        cash = {
            "id": 1,
            "currencyCode": self.world.currency,
            "value": float(self.world.cash),
        }
        sections = {"portfolio": positions, "cashFunds": [cash]}
        return {
            name: {"name": name, "value": [row(one) for one in rows]}
            for name, rows in sections.items()
            if name in asked.query
        }

    def found(self, asked: Asked) -> list[BrokerActivity]:
        first, last = (
            datetime.strptime(asked.query[name], "%d/%m/%Y").date()  # noqa: DTZ007 -- days
            for name in ("fromDate", "toDate")
        )
        return [one for one in self.world.happenings if first <= one.occurred_at.date() <= last]

    def transaction(self, one: BrokerActivity) -> dict[str, Any]:
        sign = -1 if one.kind == "sell" else 1
        return {
            "id": int(one.id),
            "productId": self.product_id(one.symbol),
            "date": one.occurred_at.isoformat(),
            "buysell": TRADES[one.kind],
            "price": float(one.unit_price or 0),
            "quantity": sign * float(one.quantity or 0),
            "total": -sign * float((one.quantity or 0) * (one.unit_price or 0)),
            "transactionTypeId": 0,
        }

    def move(self, one: BrokerActivity) -> dict[str, Any]:
        is_trade = one.kind in TRADES
        size = (one.quantity or 0) * (one.unit_price or 0) if is_trade else one.amount or 0
        told: dict[str, Any] = {
            "id": int(one.id),
            "date": one.occurred_at.isoformat(),
            "valueDate": one.occurred_at.isoformat(),
            "description": DESCRIPTIONS.get(one.kind, f"{one.kind.title()} {one.quantity}"),
            "currency": one.currency,
            "change": float(-size if one.kind in LEAVING else size),
            "type": "TRANSACTION" if is_trade else "CASH_TRANSACTION",
        }
        return told | ({"productId": self.product_id(one.symbol)} if one.symbol else {})


def row(facts: dict[str, Any]) -> dict[str, Any]:
    pairs = [{"name": name, "value": value, "isAdded": True} for name, value in facts.items()]
    return {"name": "row", "id": facts["id"], "isAdded": True, "value": pairs}


REHEARSAL: Final = DegiroRehearsal
