"""Alpaca over its Trading API v2: reads and trades."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from urllib.parse import quote

from django.conf import settings

from integrations.brokers.adapters import Adapter
from integrations.brokers.alpaca import parsing
from integrations.brokers.alpaca.parsing import TITLE
from integrations.brokers.fields import objects_of
from integrations.brokers.line import Line, read_json
from integrations.brokers.pacing import Pace
from market.values import wire_time
from trading.broker_errors import (
    BadBrokerAnswer,
    DefiniteBrokerError,
    RequestInvalid,
    SymbolUnknown,
    UnclearBrokerError,
)
from trading.brokers import (
    Accepted,
    ActivityPage,
    BrokerAccount,
    BrokerOrder,
    BrokerOrderChange,
    BrokerOrderRequest,
    BrokerPosition,
    Capabilities,
    CredentialField,
    OrderKind,
    OrderResult,
    Reading,
    Rejected,
    Unknown,
)

PACE: Final = Pace("all", 200, 60)
PAGE_ACTIVITIES, PAGE_ORDERS = 100, 500
WHOLE_TIMES: Final = frozenset({"day", "gtc", "ioc", "fok", "opg", "cls"})
RESTING_TIMES: Final = frozenset({"day", "gtc"})


@dataclass(slots=True)
class Session:
    line: Line
    headers: Mapping[str, str] = field(repr=False)

    def account(self) -> BrokerAccount:
        return parsing.read_account(self._get("/v2/account"))

    def positions(self) -> Sequence[BrokerPosition]:
        return parsing.read_positions(self._get("/v2/positions"))

    def activities(self, *, since: datetime | None, resume: str = "") -> Iterator[ActivityPage]:
        query = {"direction": "asc", "page_size": str(PAGE_ACTIVITIES)}
        if since is not None:
            query["after"] = wire_time(since)
        if resume:
            query["page_token"] = resume
        for _ in range(settings.LIMITS.broker_pages):
            found = self._get("/v2/account/activities", query)
            page = list(objects_of(found, of="activities"))
            read = [one for item in page for one in parsing.read_activity(item)]
            is_last = len(page) < PAGE_ACTIVITIES
            token = "" if is_last else page[-1].text("id")
            yield ActivityPage(read, token)
            if is_last:
                return
            if token == query.get("page_token"):
                raise BadBrokerAnswer(f"{TITLE}: the next page is the same again.")
            query["page_token"] = token
        raise BadBrokerAnswer(f"{TITLE}: there are more pages than are read.")

    def orders(self, *, since: datetime | None) -> Iterator[Sequence[BrokerOrder]]:
        query = {"status": "all", "direction": "asc", "limit": str(PAGE_ORDERS)}
        if since is not None:
            query["after"] = wire_time(since)
        for _ in range(settings.LIMITS.broker_pages):
            found = self._get("/v2/orders", query)
            page = [parsing.read_order(one.found) for one in objects_of(found, of="orders")]
            if page:
                yield page
            if len(page) < PAGE_ORDERS:
                return
            query["after"] = wire_time(page[-1].submitted_at)
        raise BadBrokerAnswer(f"{TITLE}: there are more pages than are read.")

    def find_order(self, client_order_id: str) -> BrokerOrder | None:
        query = {"client_order_id": client_order_id}
        try:
            found = self._get("/v2/orders:by_client_order_id", query)
        except (SymbolUnknown, RequestInvalid):
            return None
        return parsing.read_order(found)

    def submit(self, order: BrokerOrderRequest) -> OrderResult:
        body = {
            "client_order_id": order.client_order_id,
            "symbol": order.symbol,
            "side": order.side,
            "type": order.type,
            "time_in_force": order.time_in_force,
            "qty": order.quantity,
            "notional": order.notional,
            "limit_price": order.limit_price,
            "stop_price": order.stop_price,
            "trail_price": order.trail_amount,
            "trail_percent": order.trail_pct,
        }
        return self._order("POST", "/v2/orders", body)

    def replace(self, order_id: str, change: BrokerOrderChange) -> OrderResult:
        trail = change.trail_pct if change.trail_amount is None else change.trail_amount
        body = {
            "client_order_id": change.client_order_id,
            "qty": change.quantity,
            "limit_price": change.limit_price,
            "stop_price": change.stop_price,
            "trail": trail,
            "time_in_force": change.time_in_force,
        }
        return self._order("PATCH", f"/v2/orders/{quote(order_id, safe='')}", body)

    def cancel(self, order_id: str) -> None:
        self.line.ask(
            "DELETE",
            f"/v2/orders/{quote(order_id, safe='')}",
            pace=PACE,
            headers=self.headers,
            judge=parsing.judge_order,
        )

    def _order(self, method: str, path: str, body: Mapping[str, Any]) -> OrderResult:
        told = {
            name: format(value, "f") if isinstance(value, Decimal) else value
            for name, value in body.items()
            if value is not None
        }
        try:
            answer = self.line.ask(
                method,
                path,
                pace=PACE,
                headers=self.headers,
                body=told,
                judge=parsing.judge_order,
            )
            return Accepted(parsing.read_order(read_json(answer, title=TITLE)))
        except DefiniteBrokerError as error:
            return Rejected(error)
        except UnclearBrokerError as error:
            return Unknown(error)

    def _get(self, path: str, query: Mapping[str, str] | None = None) -> Any:
        answer = self.line.read(
            path, pace=PACE, query=query, headers=self.headers, judge=parsing.judge_order
        )
        return read_json(answer, title=TITLE)


def sign_in(line: Line, credentials: Mapping[str, str]) -> Session:
    headers = {
        "APCA-API-KEY-ID": credentials["api_key"],
        "APCA-API-SECRET-KEY": credentials["api_secret"],
    }
    return Session(line, headers)


ADAPTER: Final = Adapter(
    name="alpaca",
    title=TITLE,
    capabilities=Capabilities(
        reads=frozenset(Reading),
        orders={
            "market": OrderKind(WHOLE_TIMES, takes_fractions=True, takes_notional=True),
            "limit": OrderKind(WHOLE_TIMES, takes_fractions=True, takes_notional=True),
            "stop": OrderKind(RESTING_TIMES),
            "stop_limit": OrderKind(RESTING_TIMES),
            "trailing_stop": OrderKind(RESTING_TIMES),
        },
        replaces_orders=True,
        has_sandbox=True,
    ),
    credentials=(
        CredentialField("api_key", "Key id", is_secret=False),
        CredentialField("api_secret", "Secret key"),
    ),
    url="https://api.alpaca.markets",
    sandbox_url="https://paper-api.alpaca.markets",
    sign_in=sign_in,
    hint="Alpaca, Home, API Keys. A key of the paper account goes with the sandbox.",
)
