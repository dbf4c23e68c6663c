"""An instrument's page under fifty prices a second: all of them arrive, and nothing blocks it.

How long a task keeps the page's thread busy is told in its own processor time, so other work on
the machine does not count.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, WebSocketRoute, expect

from tests.browser.looks import go

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(300),
]

PRICES = 200
PER_SECOND = 50
LONG_TASK_MICROSECONDS = 50_000
CATEGORIES = ["disabled-by-default-devtools.timeline"]


def frame(number: int, last: Decimal) -> str:
    """An update as the hub sends it."""
    cent = Decimal("0.01")
    prices = {"bid": last - cent, "ask": last + cent, "last": last, "previous_close": last}
    quote = {name: str(price) for name, price in prices.items()}
    sizes = {"bid_size": "100", "ask_size": "200", "last_size": str(number)}
    rest = {"symbol": "MSFT", "change": "0", "change_pct": "0", "is_stale": False}
    quotes = [quote | sizes | rest | {"occurred_at": datetime.now(UTC).isoformat()}]
    return json.dumps({"type": "update", "seq": number, "quotes": quotes})


def longest_task(trace: bytes) -> tuple[int, int]:
    """How many tasks the pages' threads ran, and the most processor time of one."""
    events: list[dict[str, Any]] = json.loads(trace)["traceEvents"]
    main = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    tasks = [
        int(event["tdur"])
        for event in events
        if event["name"].endswith("RunTask")
        and (event["pid"], event["tid"]) in main
        and "tdur" in event
    ]
    return len(tasks), max(tasks)


def test_a_page_keeps_up_with_fifty_prices_a_second(onlooker: Page, browser: Browser) -> None:
    sockets: list[WebSocketRoute] = []

    def keep(socket: WebSocketRoute) -> None:
        sockets.append(socket)

    # Never connected to the server, so that these prices are the only ones.
    onlooker.route_web_socket("**/ws/v1/quotes", keep)
    go(onlooker, "/instruments/MSFT")
    plot = onlooker.locator("[data-plot][data-drawn]")
    expect(plot).to_be_visible()
    expect(onlooker.locator("#ticket")).to_be_visible()
    shown = onlooker.locator(".quote-head [data-field=last]")
    first = Decimal(shown.get_attribute("data-value") or "0")
    onlooker.wait_for_load_state("networkidle")

    browser.start_tracing(page=onlooker, categories=CATEGORIES)
    last = first
    for number in range(1, PRICES + 1):
        last = first + Decimal(number % 7 - 3) / 100
        sockets[-1].send(frame(number, last))
        onlooker.wait_for_timeout(1_000 / PER_SECOND)
    expect(shown).to_have_text(f"{last:,.2f}")
    expect(plot).to_have_attribute("data-close", str(last))
    tasks, longest = longest_task(browser.stop_tracing())

    assert tasks > PRICES
    assert longest < LONG_TASK_MICROSECONDS
