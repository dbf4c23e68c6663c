"""``kill -9`` of the matcher while stops wait: each is triggered once, and filled once."""

from __future__ import annotations

from typing import Any, Final

import httpx
import pytest

from tests.support.desk import LiveDesk, wait_until
from tests.trading.test_kill import Trader, rows, sign_up

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

STOPS: Final = 20
KILLS: Final = 2


def place_stop(trader: Trader, number: int) -> None:
    # So near behind the lowest price that the next rise triggers it.
    order: dict[str, Any] = {
        "portfolio_id": trader.portfolio_id,
        "symbol": ("AAPL", "MSFT")[number % 2],
        "side": "buy",
        "type": "trailing_stop",
        "trail_pct": "0.02",
        "time_in_force": "gtc",
        "quantity": "1",
    }
    answer: httpx.Response = trader.post("/orders", order, idempotency_key=f"stop-{number}")
    assert answer.status_code == 201, answer.text


def test_each_stop_is_triggered_once_whoever_dies(desk: LiveDesk) -> None:
    trader = Trader(desk, "stopper")
    sign_up(desk, [trader])
    for number in range(STOPS):
        if number % (STOPS // KILLS) == STOPS // KILLS // 2:
            pid = desk.pids["matcher"]
            desk.kill("matcher")
            desk.wait_until_restarted("matcher", old_pid=pid, seconds=60)
        place_stop(trader, number)
    ours = "FROM trading_order WHERE client_order_id LIKE 'stop-%'"
    wait_until(
        lambda: rows(desk, f"SELECT count(*) {ours} AND status = 'filled'") == [(STOPS,)],
        seconds=180,
        what="every stop triggered and filled",
    )
    assert rows(desk, f"SELECT sum(filled_quantity) {ours}") == [(STOPS,)]
    triggers = "FROM trading_ordercommand WHERE kind = 'trigger'"
    assert rows(desk, f"SELECT count(*), count(DISTINCT order_id) {triggers}") == [(STOPS, STOPS)]
    desk.manage("check_books")
