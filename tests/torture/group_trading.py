"""Brackets and OCOs placed while processes die, and whether any is left half-alive."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

import httpx

from tests.support.desk import LiveDesk, wait_until
from tests.trading.test_kill import Trader, rows

NEAR: Final = Decimal("0.001")  # of the price: soon the market comes to one of the exits
CENT: Final = Decimal("0.01")

# One statement, so one moment: the matcher writes all of a group in one transaction.
HALF_ALIVE: Final = """
WITH family AS (
    SELECT lead.id, lead.order_class, lead.quantity, lead.filled_quantity AS filled,
        lead.finished_at IS NOT NULL AS is_over, lead.priority IS NOT NULL AS has_come,
        count(*) FILTER (WHERE leg.finished_at IS NULL AND leg.activated_at IS NOT NULL) AS awake,
        count(*) FILTER (WHERE leg.finished_at IS NULL AND leg.activated_at IS NULL) AS asleep,
        sum(leg.filled_quantity) AS sold
    FROM trading_order AS lead JOIN trading_order AS leg ON leg.parent_id = lead.id
    GROUP BY lead.id
)
SELECT id, CASE
    WHEN order_class = 'oco' AND filled + sold > quantity THEN 'both exits filled'
    WHEN order_class = 'oco' AND is_over AND awake + asleep > 0 THEN 'an exit outlived the other'
    WHEN order_class = 'oco' AND has_come AND NOT is_over AND awake = 0
        THEN 'one exit works without the other'
    WHEN order_class = 'oco' THEN NULL
    WHEN sold > filled THEN 'the exits sold more than was bought'
    WHEN is_over AND asleep > 0 THEN 'an exit sleeps though its entry is done'
    WHEN NOT is_over AND awake > 0 THEN 'an exit works before its entry is done'
    WHEN awake > 0 AND sold >= filled THEN 'an exit works without a position'
    WHEN is_over AND filled > sold AND awake = 0 THEN 'what was bought has no exit'
END AS wrong FROM family
"""
COUNTS: Final = """
SELECT lead.order_class, lead.status, string_agg(DISTINCT leg.status, '/' ORDER BY leg.status)
FROM trading_order AS lead JOIN trading_order AS leg ON leg.parent_id = lead.id GROUP BY lead.id
"""


@dataclass
class GroupTrader(Trader):
    """A trader some of whose orders have exits so near that they fill before long."""

    def place(self, number: int) -> None:
        if number % 4 == 1:
            self.place_group(number)
        else:
            super().place(number)

    def place_group(self, number: int) -> None:
        """A bracket bought at the market or, each third time, two exits for what is there."""
        name, symbol = f"{self.name}-{number}", ("AAPL", "MSFT")[number // 4 % 2]
        last = self.last_price(symbol)
        profit = {"limit_price": str((last * (1 + NEAR)).quantize(CENT, ROUND_HALF_UP))}
        loss = {"stop_price": str((last * (1 - NEAR)).quantize(CENT, ROUND_HALF_UP))}
        order: dict[str, Any] = {
            "portfolio_id": self.portfolio_id,
            "symbol": symbol,
            "quantity": "1",
            "time_in_force": "gtc",
            "client_order_id": name,
            "take_profit": profit,
            "stop_loss": loss,
        }
        if number // 4 % 3 == 2:
            order |= {"order_class": "oco", "side": "sell", "type": "limit"}
        else:
            order |= {"order_class": "bracket", "side": "buy", "type": "market"}
        answer = self.post("/orders", order, idempotency_key=name)
        if answer.status_code == 201:
            self.acknowledged[name] = answer.json()["id"]
        else:
            self.note_refusal(answer)

    def note_refusal(self, answer: httpx.Response) -> None:
        if not says_why(answer):
            super().note_refusal(answer)

    def last_price(self, symbol: str) -> Decimal:
        found: list[Decimal] = []

        def is_told() -> bool:
            try:
                answer = httpx.get(
                    f"{self.desk.url}/api/v1/instruments/{symbol}/quote",
                    headers={"Authorization": f"Bearer {self.key}"},
                    timeout=15,
                )
            except httpx.TransportError:
                return False
            if answer.status_code == 200:
                found.append(Decimal(answer.json()["last"]))
            return bool(found)

        wait_until(is_told, seconds=90, what=f"a price of {symbol}")
        return found[0]


def says_why(answer: httpx.Response) -> bool:
    """Refused for nobody's fault: all is held, an own exit is next, or the price moved."""
    reasons = ("insufficient_units", "wrong_side", "self_match")
    return answer.status_code == 422 and any(reason in answer.text for reason in reasons)


def half_alive(desk: LiveDesk) -> list[str]:
    """What is wrong with any group, in words."""
    return [f"group {order_id}: {wrong}" for order_id, wrong in rows(desk, HALF_ALIVE) if wrong]


def groups_told(desk: LiveDesk) -> str:
    """How many groups came to what, for the report."""
    counts: dict[str, int] = {}
    for kind, status, legs in rows(desk, COUNTS):
        words = f"{kind} {status} with exits {legs}"
        counts[words] = counts.get(words, 0) + 1
    told = ", ".join(f"{count} × {words}" for words, count in sorted(counts.items()))
    return f"{sum(counts.values()):,} groups: {told}"
