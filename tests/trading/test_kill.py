"""``kill -9`` in the middle of orders: nothing acknowledged is lost, nothing is done twice."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

import httpx
import psycopg
import pytest

from tests.support.desk import LiveDesk, wait_until
from tests.support.people import NewPerson, make_people

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

VICTIMS: Final = ("matcher", "worker", "web", "valkey", "postgres")
TRADERS: Final = 3
ORDERS_BETWEEN_KILLS: Final = 25
WORKING: Final = ("pending_new", "new", "partially_filled", "pending_cancel", "pending_replace")


@dataclass
class Trader:
    """A program that places orders and repeats each until it is answered."""

    desk: LiveDesk
    name: str
    key: str = ""
    portfolio_id: str = ""
    acknowledged: dict[str, str] = field(default_factory=dict)  # client order id → order id
    refused: list[str] = field(default_factory=list)
    is_stopping: threading.Event = field(default_factory=threading.Event)
    thread: threading.Thread | None = None

    @property
    def email(self) -> str:
        return f"{self.name}@example.com"

    def open_portfolio(self) -> None:
        answer = self.post(
            "/portfolios",
            {"name": "Torn", "kind": "paper", "currency": "USD", "starting_cash": "1000000"},
            idempotency_key="portfolio",
        )
        self.portfolio_id = answer.json()["id"]

    def start(self) -> None:
        self.thread = threading.Thread(target=self.trade)
        self.thread.start()

    def stop(self) -> None:
        self.is_stopping.set()
        if self.thread is not None:
            self.thread.join(timeout=90)
            assert not self.thread.is_alive(), f"{self.name} still waits for an answer"

    def trade(self) -> None:
        for number in count():
            if self.is_stopping.is_set():
                return
            self.place(number)

    def place(self, number: int) -> None:
        client_order_id = f"{self.name}-{number}"
        # Market orders mostly; each fifth rests far away, and is cancelled or replaced by turns.
        order: dict[str, Any] = {
            "portfolio_id": self.portfolio_id,
            "symbol": ("AAPL", "MSFT")[number % 2],
            "side": "buy",
            "type": "market",
            "quantity": "1",
            "client_order_id": client_order_id,
        }
        if number % 5 == 0:
            order |= {"type": "limit", "limit_price": "1.00", "time_in_force": "gtc"}
        answer = self.post("/orders", order, idempotency_key=client_order_id)
        if answer.status_code != 201:
            self.note_refusal(answer)
            return
        self.acknowledged[client_order_id] = answer.json()["id"]
        path = f"/orders/{answer.json()['id']}"
        if number % 10 == 0:
            self.post(f"{path}/cancellation", {}, idempotency_key=f"cancel-{client_order_id}")
        elif number % 5 == 0:
            changed = self.replace(path, key=f"changed-{client_order_id}")
            self.acknowledged[f"changed-{client_order_id}"] = changed.json()["id"]

    def note_refusal(self, answer: httpx.Response) -> None:
        self.refused.append(answer.text)

    def replace(self, path: str, *, key: str) -> httpx.Response:
        body = {"limit_price": "1.05", "client_order_id": key}
        return self.send("PATCH", path, body, idempotency_key=key)

    def post(self, path: str, body: dict[str, Any], *, idempotency_key: str) -> httpx.Response:
        return self.send("POST", path, body, idempotency_key=idempotency_key)

    def send(
        self, method: str, path: str, body: dict[str, Any], *, idempotency_key: str
    ) -> httpx.Response:
        """Send until something other than a failure of the server answers."""
        answers: list[httpx.Response] = []

        def is_answered() -> bool:
            try:
                answer = httpx.request(
                    method,
                    f"{self.desk.url}/api/v1{path}",
                    json=body,
                    headers={
                        "Authorization": f"Bearer {self.key}",
                        "Idempotency-Key": idempotency_key,
                    },
                    timeout=15,
                )
            except httpx.TransportError:
                return False
            # No fresh price right after the feed's restart is an answer for later, too.
            if answer.status_code >= 500 or answer.status_code in {409, 429}:
                return False
            if answer.status_code == 422 and "no_price" in answer.text:
                return False
            answers.append(answer)
            return True

        wait_until(is_answered, seconds=90, what=f"an answer to {path}")
        return answers[0]


def sign_up(desk: LiveDesk, traders: Sequence[Trader]) -> None:
    """Give each a key and a portfolio of his own."""
    people = [NewPerson(trader.email, "admin", "read,trade") for trader in traders]
    keys = make_people(desk, people)
    for trader in traders:
        trader.key = keys[trader.email]
        trader.open_portfolio()


def rows(desk: LiveDesk, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(desk.connection.database_url) as database:
        return database.execute(query).fetchall()


def wait_for_orders(traders: list[Trader], *, more: int) -> None:
    """Let that many further orders be acknowledged."""

    def count_all() -> int:
        return sum(len(trader.acknowledged) for trader in traders)

    wanted = count_all() + more
    wait_until(lambda: count_all() >= wanted, seconds=120, what=f"{more} more orders")


def wait_until_done(desk: LiveDesk) -> None:
    """Let the matcher finish what was asked of it."""
    wait_until(
        lambda: not rows(desk, "SELECT 1 FROM trading_ordercommand WHERE sequence IS NULL LIMIT 1"),
        seconds=60,
        what="every command done",
    )
    wait_until(
        lambda: (
            not rows(
                desk,
                "SELECT 1 FROM trading_order WHERE type = 'market' AND status IN"
                f" {WORKING} LIMIT 1",
            )
        ),
        seconds=60,
        what="every market order filled",
    )


def lost_or_doubled(desk: LiveDesk, traders: list[Trader]) -> list[str]:
    """What is wrong with the orders, in words; empty when all is as it was acknowledged.

    An order may stand that was never acknowledged, but never two for one.
    """
    acknowledged = {key: value for t in traders for key, value in t.acknowledged.items()}
    stored = {
        client_order_id: str(order_id)
        for client_order_id, order_id in rows(
            desk,
            "SELECT client_order_id, id FROM trading_order"
            " WHERE client_order_id ~ '^(changed-)?trader'",
        )
    }
    lost = [f"lost: {key}" for key, value in acknowledged.items() if stored.get(key) != value]
    counts = dict(rows(desk, "SELECT status, count(*) FROM trading_order GROUP BY status"))
    # Only exits are held: before their entry is done, or before their stop price.
    expected = {"filled", "canceled", "new", "replaced", "held"}
    odd = [f"left {status}" for status in set(counts) - expected]
    wrong = rows(
        desk, "SELECT id FROM trading_order WHERE status = 'filled' AND filled_quantity <> 1"
    )
    refused = [f"refused: {words}" for trader in traders for words in trader.refused]
    return [*lost, *odd, *(f"filled wrongly: {row[0]}" for row in wrong), *refused]


def test_nothing_is_lost_and_nothing_doubled(desk: LiveDesk) -> None:
    traders = [Trader(desk, f"trader{number}") for number in range(TRADERS)]
    sign_up(desk, traders)
    for trader in traders:
        trader.start()
    try:
        for victim in VICTIMS:
            wait_for_orders(traders, more=ORDERS_BETWEEN_KILLS)
            pid = desk.pids[victim]
            desk.kill(victim)
            desk.wait_until_restarted(victim, old_pid=pid, seconds=60)
            desk.wait_until_ready()
    finally:
        for trader in traders:
            trader.stop()

    wait_until_done(desk)
    assert lost_or_doubled(desk, traders) == []
    desk.manage("check_books")
