"""Real money in a real Chromium: armed, placed, accepted by the broker, disarmed."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from integrations.brokers.alpaca.rehearsal import CREDENTIALS, AlpacaRehearsal
from integrations.brokers.rehearsing import rehearsing
from tests.browser.looks import Check, check_every_look
from tests.browser.visiting import open_tracked_portfolio
from tests.integrations.connections.desk import small_world
from tests.support.desk import LiveDesk

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(600),
]

WORK_MS = 120_000


def connect(investor: Page, live_desk: LiveDesk) -> None:
    """From home to a verified connection of a tracked portfolio, whose page is open."""
    open_tracked_portfolio(investor, "At my broker")
    investor.goto(f"{live_desk.url}/connections/new?broker=alpaca")
    investor.get_by_label("Key id").fill(CREDENTIALS["api_key"])
    investor.get_by_label("Secret key").fill(CREDENTIALS["api_secret"])
    investor.get_by_label("Read into").select_option(label="At my broker")
    investor.get_by_role("button", name="Connect and verify").click()
    expect(investor.get_by_text("connected", exact=True)).to_be_visible(timeout=WORK_MS)
    investor.reload()


def test_a_connection_is_armed_an_order_accepted_and_the_connection_disarmed(
    investor: Page, live_desk: LiveDesk, check_accessibility: Check
) -> None:
    with rehearsing(AlpacaRehearsal(small_world()), port=live_desk.broker_port) as vendor:
        assert isinstance(vendor, AlpacaRehearsal)
        connect(investor, live_desk)
        home = investor.url.removeprefix(live_desk.url)
        check_every_look(investor, f"{home}/arming", check_accessibility, name="arming")
        investor.get_by_label("Most that one order may be worth").fill("500")
        investor.get_by_label("Orders a day").fill("3")
        investor.get_by_label("Orders placed here are to reach my broker").check()
        investor.get_by_role("button", name="Arm the connection").click()
        expect(investor.get_by_text("REAL MONEY")).to_be_visible()
        check_every_look(investor, home, check_accessibility, name="armed")

        check_every_look(
            investor, f"{home}/live-orders/new", check_accessibility, name="live-ticket"
        )
        investor.get_by_role("textbox", name="Instrument").fill("AAPL")
        investor.get_by_label("Units", exact=True).fill("1")
        investor.get_by_label("Limit price").fill("100")
        investor.get_by_role("button", name="Send to Alpaca").click()
        investor.get_by_role("button", name="Yes").click()
        investor.wait_for_url("**/live-orders/*")
        expect(investor.get_by_text("The broker has it")).to_be_visible(timeout=WORK_MS)
        order = investor.url.removeprefix(live_desk.url)
        assert vendor.placed_orders() == [order.rpartition("/")[2]]
        check_every_look(investor, order, check_accessibility, name="live-order")
        check_every_look(investor, "/live-orders", check_accessibility, name="live-orders")

        investor.goto(live_desk.url + order)
        investor.get_by_role("button", name="Cancel the order").click()
        expect(investor.get_by_text("Cancelled", exact=True)).to_be_visible(timeout=WORK_MS)
        investor.goto(live_desk.url + home)
        investor.get_by_role("button", name="Disarm").click()
        expect(investor.get_by_text("No order leaves through this connection")).to_be_visible()
