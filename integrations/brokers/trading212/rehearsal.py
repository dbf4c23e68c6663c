"""Trading 212's public API v0 on this machine."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlencode

from integrations.brokers.rehearsing import NOT_FOUND, Asked, Rehearsal, Told
from trading.brokers import BrokerActivity

CREDENTIALS: Final = {"api_key": "t212-key", "api_secret": "t212-secret"}
TRADES: Final = frozenset({"buy", "sell"})
PAGE_MAXIMUM: Final = 50


class TradingRehearsal(Rehearsal):
    credentials = CREDENTIALS

    def lets_in(self, asked: Asked) -> bool:
        said = base64.b64encode(":".join(CREDENTIALS.values()).encode()).decode()
        return asked.headers.get("Authorization") == f"Basic {said}"

    def placed_orders(self) -> list[str]:
        return []

    def answer(self, asked: Asked) -> Told:
        answers: dict[str, Callable[[Asked], Any]] = {
            "/api/v0/equity/account/info": lambda _: {
                "currencyCode": self.world.currency,
                "id": 4711,
            },
            "/api/v0/equity/account/cash": lambda _: {
                "free": float(self.world.cash),
                "total": float(self.world.cash),
            },
            "/api/v0/equity/portfolio": lambda _: self.portfolio(),
            "/api/v0/equity/metadata/instruments": lambda _: self.instruments(),
            "/api/v0/equity/history/orders": lambda it: self.page(it, TRADES, order),
            "/api/v0/history/dividends": lambda it: self.page(it, {"dividend"}, dividend),
            "/api/v0/history/transactions": lambda it: self.page(
                it, {"deposit", "withdrawal", "fee", "interest"}, transaction
            ),
        }
        if asked.path not in answers:
            return Told(NOT_FOUND, {"code": "NotFound"})
        return Told(200, answers[asked.path](asked))

    def portfolio(self) -> list[dict[str, Any]]:
        return [
            {
                "ticker": ticker(one.symbol),
                "quantity": float(one.quantity),
                "averagePrice": float(one.unit_cost or 0),
                "currentPrice": float(one.unit_cost or 0),
            }
            for one in self.world.positions
        ]

    def instruments(self) -> list[dict[str, Any]]:
        symbols = {one.symbol for one in self.world.happenings if one.symbol}
        symbols |= {one.symbol for one in self.world.positions}
        return [
            {
                "ticker": ticker(symbol),
                "shortName": symbol,
                "name": f"{symbol} Inc.",
                "isin": "",
                "currencyCode": self.world.currency,
                "type": "STOCK",
            }
            for symbol in sorted(symbols)
        ]

    def page(
        self, asked: Asked, kinds: set[str] | frozenset[str], render: Callable[[Any], Any]
    ) -> dict[str, Any]:
        """Newest first; the cursor counts what was given."""
        found = [one for one in reversed(self.world.happenings) if one.kind in kinds]
        start = int(asked.query.get("cursor", 0))
        limit = min(int(asked.query.get("limit", 20)), PAGE_MAXIMUM)
        end = start + limit
        query = urlencode({"limit": limit, "cursor": end})
        more = f"{asked.path}?{query}" if end < len(found) else None
        return {"items": [render(one) for one in found[start:end]], "nextPagePath": more}


def ticker(symbol: str) -> str:
    return f"{symbol}_US_EQ"


def order(one: BrokerActivity) -> dict[str, Any]:
    sign = -1 if one.kind == "sell" else 1
    return {
        "id": one.id,
        "fillId": one.id,
        "status": "FILLED",
        "ticker": ticker(one.symbol),
        "filledQuantity": sign * float(one.quantity or 0),
        "fillPrice": float(one.unit_price or 0),
        "dateExecuted": one.occurred_at.isoformat(),
        "dateModified": one.occurred_at.isoformat(),
        "taxes": [{"name": "COMMISSION", "quantity": -float(one.fees)}],
    }


def dividend(one: BrokerActivity) -> dict[str, Any]:
    return {
        "ticker": ticker(one.symbol),
        "reference": one.id,
        "amount": float(one.amount or 0),
        "paidOn": one.occurred_at.isoformat(),
        "type": "ORDINARY",
    }


def transaction(one: BrokerActivity) -> dict[str, Any]:
    words = {"deposit": "DEPOSIT", "withdrawal": "WITHDRAW", "fee": "FEE", "interest": "INTEREST"}
    return {
        "type": words[one.kind],
        "amount": float(one.amount or 0),
        "reference": one.id,
        "dateTime": one.occurred_at.isoformat(),
    }


REHEARSAL: Final = TradingRehearsal
