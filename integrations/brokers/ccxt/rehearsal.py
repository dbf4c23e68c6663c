"""Kraken's REST API on this machine, for one exchange of the hundred."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, ClassVar, Final
from urllib.parse import parse_qsl

from integrations.brokers.rehearsing import NOT_FOUND, Asked, Rehearsal, Told
from trading.brokers import BrokerActivity

SECRET: Final = base64.b64encode(b"kraken-secret").decode()
CREDENTIALS: Final = {"exchange": "kraken", "api_key": "kraken-key", "api_secret": SECRET}
TRADES: Final = frozenset({"buy", "sell"})
# Kraken tells a dividend without its instrument, and what is charged as a fee of nothing else.
TYPES: Final = {
    "deposit": "deposit",
    "withdrawal": "withdrawal",
    "dividend": "dividend",
    "interest": "staking",
    "fee": "rollover",
}
LEAVING: Final = frozenset({"withdrawal", "fee"})
PAGE: Final = 50


class KrakenRehearsal(Rehearsal):
    credentials = CREDENTIALS
    pages_by: ClassVar[frozenset[str]] = frozenset()
    kinds: ClassVar[frozenset[str]] = frozenset(
        {"deposit", "buy", "sell", "interest", "fee", "withdrawal"}
    )

    def lets_in(self, asked: Asked) -> bool:
        """Public addresses are open; a question to a private one is signed."""
        if not asked.path.startswith("/0/private/"):
            return True
        nonce = dict(parse_qsl(asked.body.decode())).get("nonce", "")
        told = asked.path.encode() + hashlib.sha256(nonce.encode() + asked.body).digest()
        signed = hmac.new(base64.b64decode(SECRET), told, hashlib.sha512).digest()
        said = asked.headers.get("Api-Key"), asked.headers.get("Api-Sign")
        return said == (CREDENTIALS["api_key"], base64.b64encode(signed).decode())

    def refuse(self) -> Told:
        return Told(200, {"error": ["EAPI:Invalid key"]})

    def placed_orders(self) -> list[str]:
        return []

    def tells_history(self, asked: Asked) -> bool:
        return asked.path in ("/0/private/TradesHistory", "/0/private/Ledgers")

    def lists_of(self, body: Any) -> list[list[dict[str, Any]]]:
        result = body.get("result", {}) if isinstance(body, dict) else {}
        return [list(result[name].values()) for name in ("trades", "ledger") if name in result]

    def answer(self, asked: Asked) -> Told:
        answers: dict[str, Callable[[Asked], Any]] = {
            "/0/public/Assets": lambda _: self.assets(),
            "/0/public/AssetPairs": lambda _: self.pairs(),
            "/0/private/BalanceEx": lambda _: self.balance(),
            "/0/private/TradesHistory": lambda it: self.page(it, "trades", TRADES, trade),
            "/0/private/Ledgers": lambda it: self.page(it, "ledger", TYPES.keys(), entry),
        }
        if asked.path not in answers:
            return Told(NOT_FOUND, {"error": ["EGeneral:Unknown method"]})
        return Told(200, {"error": [], "result": answers[asked.path](asked)})

    def codes(self) -> Sequence[str]:
        told = {one.symbol for one in self.world.happenings if one.symbol}
        return sorted(told | {one.symbol for one in self.world.positions})

    def assets(self) -> dict[str, Any]:
        fiat = self.world.currency
        found = {f"Z{fiat}": {"aclass": "currency", "altname": fiat, "decimals": 4}}
        return found | {
            code: {"aclass": "currency", "altname": code, "decimals": 10} for code in self.codes()
        }

    def pairs(self) -> dict[str, Any]:
        fiat = self.world.currency
        return {
            f"{code}{fiat}": {
                "altname": f"{code}{fiat}",
                "wsname": f"{code}/{fiat}",
                "base": code,
                "quote": f"Z{fiat}",
                "pair_decimals": 5,
                "lot_decimals": 8,
                "status": "online",
            }
            for code in self.codes()
        }

    def balance(self) -> dict[str, Any]:
        found = {one.symbol: one.quantity for one in self.world.positions}
        totals = {f"Z{self.world.currency}": self.world.cash} | found
        return {code: {"balance": str(total), "hold_trade": "0"} for code, total in totals.items()}

    def page(
        self,
        asked: Asked,
        name: str,
        kinds: Any,
        render: Callable[[BrokerActivity, str], dict[str, Any]],
    ) -> dict[str, Any]:
        """The newest of what lies behind ``start`` and up to ``end``, in seconds."""
        told = dict(parse_qsl(asked.body.decode()))
        start, end = float(told.get("start", 0)), float(told.get("end", 1e12))
        found = [
            one
            for one in reversed(self.world.happenings)
            if one.kind in kinds and start < one.occurred_at.timestamp() <= end
        ]
        rows = {f"T{one.id}": render(one, self.world.currency) for one in found[:PAGE]}
        return {name: rows, "count": len(found)}


def seconds_of(at: datetime) -> float:
    return at.timestamp()


def trade(one: BrokerActivity, fiat: str) -> dict[str, Any]:
    quantity, price = one.quantity or 0, one.unit_price or 0
    return {
        "ordertxid": f"O{one.id}",
        "postxid": f"P{one.id}",
        "pair": f"{one.symbol}{fiat}",
        "time": seconds_of(one.occurred_at),
        "type": one.kind,
        "ordertype": "limit",
        "price": str(price),
        "cost": str(quantity * price),
        "fee": str(one.fees),
        "vol": str(quantity),
        "margin": "0.00000000",
        "misc": "",
    }


def entry(one: BrokerActivity, fiat: str) -> dict[str, Any]:
    sign = "-" if one.kind in LEAVING else ""
    return {
        "refid": f"R{one.id}",
        "time": seconds_of(one.occurred_at),
        "type": TYPES[one.kind],
        "aclass": "currency",
        "asset": f"Z{fiat}",
        "amount": f"{sign}{one.amount}",
        "fee": "0.0000",
        "balance": "0.0000",
    }


REHEARSAL: Final = KrakenRehearsal
