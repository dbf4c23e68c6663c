"""Everything that an adapter claims, asked for once in one order, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from integrations.brokers.adapters import Adapter
from integrations.brokers.conversations import TrialOrder
from trading.brokers import (
    Accepted,
    BrokerOrderChange,
    BrokerOrderRequest,
    BrokerSession,
    OrderResult,
    Reading,
    Rejected,
)

CENT: Final = Decimal("0.01")
NOWHERE: Final = "NOSUCHSYMBOL"


def read_out(adapter: Adapter, session: BrokerSession, *, since: datetime | None) -> dict[str, Any]:
    """As JSON has it, without the raw texts.

    Raises:
        BrokerError: it is refused, or stays unclear.
    """
    reads = adapter.capabilities.reads
    found: dict[str, Any] = {}
    if Reading.CASH in reads:
        found["account"] = plain(asdict(session.account()))
    if Reading.POSITIONS in reads:
        found["positions"] = [plain(asdict(one)) for one in session.positions()]
    if Reading.ACTIVITIES in reads:
        pages = session.activities(since=since)
        found["activities"] = [plain(asdict(one)) for page in pages for one in page.activities]
    if Reading.ORDERS in reads:
        orders = session.orders(since=since)
        found["orders"] = [plain(asdict(one)) for page in orders for one in page]
    return found


def try_orders(
    adapter: Adapter, session: BrokerSession, order: TrialOrder, *, at: datetime
) -> dict[str, Any]:
    """One unit at the limit: placed, found, changed where that is claimed, cancelled, found again;
    and one that must be refused.

    Raises:
        BrokerError: it is refused, or stays unclear.
    """
    name = f"trial-{at:%Y%m%d%H%M%S}"
    placed = session.submit(request_of(order, client_order_id=f"{name}-1"))
    found: dict[str, Any] = {"placed": result_of(placed)}
    working = placed
    if adapter.capabilities.replaces_orders and isinstance(placed, Accepted):
        change = BrokerOrderChange(
            client_order_id=f"{name}-2", limit_price=order.limit_price + CENT
        )
        working = session.replace(placed.order.id, change)
        found["replaced"] = result_of(working)
        found["former"] = found_order(session, f"{name}-1")
    if isinstance(working, Accepted):
        session.cancel(working.order.id)
        found["cancelled"] = found_order(session, working.order.client_order_id)
    refused = request_of(TrialOrder(NOWHERE, order.limit_price), client_order_id=f"{name}-3")
    found["refused"] = result_of(session.submit(refused))
    found["unknown"] = found_order(session, f"{name}-3")
    return found


def request_of(order: TrialOrder, *, client_order_id: str) -> BrokerOrderRequest:
    return BrokerOrderRequest(
        client_order_id=client_order_id,
        symbol=order.symbol,
        side="buy",
        type="limit",
        time_in_force="day",
        quantity=Decimal(1),
        limit_price=order.limit_price,
    )


def result_of(result: OrderResult) -> dict[str, Any]:
    if isinstance(result, Accepted):
        return {"accepted": plain(asdict(result.order))}
    return {"rejected" if isinstance(result, Rejected) else "unknown": result.error.code}


def found_order(session: BrokerSession, client_order_id: str) -> dict[str, Any] | None:
    found = session.find_order(client_order_id)
    return plain(asdict(found)) if found else None


def plain(facts: Mapping[str, Any]) -> dict[str, Any]:
    return dict(plain_items(facts))


def plain_items(facts: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in facts.items():
        if name == "raw" or value in (None, ""):
            continue
        if isinstance(value, Decimal):
            yield name, format(value, "f")
        elif isinstance(value, datetime):
            yield name, value.isoformat()
        elif isinstance(value, Mapping):
            yield name, plain(value)
        else:
            yield name, value
