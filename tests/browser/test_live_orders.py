"""Real money in a real Chromium: armed, placed, changed and cancelled at the broker, disarmed."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from integrations.brokers.alpaca.rehearsal import CREDENTIALS, AlpacaRehearsal
from integrations.brokers.rehearsing import rehearsing
from tests.browser.looks import Check, check_every_look
from tests.browser.visiting import PASSWORD, open_tracked_portfolio
from tests.integrations.connections.desk import small_world
from tests.support.desk import LiveDesk

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(600),
]

WORK_MS = 120_000


def connect(page: Page, live_desk: LiveDesk) -> None:
    """From home to a verified connection of a tracked portfolio, whose page is open."""
    open_tracked_portfolio(page, "At my broker")
    page.goto(f"{live_desk.url}/connections/new?broker=alpaca")
    page.get_by_label("Key id").fill(CREDENTIALS["api_key"])
    page.get_by_label("Secret key").fill(CREDENTIALS["api_secret"])
    page.get_by_label("Read into").select_option(label="At my broker")
    page.get_by_role("button", name="Connect and verify").click()
    expect(page.get_by_text("connected", exact=True)).to_be_visible(timeout=WORK_MS)
    page.reload()


def test_a_connection_is_armed_an_order_accepted_and_the_connection_disarmed(
    admin: Page, live_desk: LiveDesk, check_accessibility: Check
) -> None:
    page = admin
    with rehearsing(AlpacaRehearsal(small_world()), port=live_desk.broker_port) as vendor:
        assert isinstance(vendor, AlpacaRehearsal)
        connect(page, live_desk)
        home = page.url.removeprefix(live_desk.url)
        check_every_look(page, f"{home}/arming", check_accessibility, name="arming")
        page.get_by_label("Most that one order may be worth").fill("500")
        page.get_by_label("Orders a day").fill("3")
        page.get_by_label("Orders placed here are to reach my broker").check()
        page.get_by_role("button", name="Arm the connection").click()
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Confirm").click()
        expect(page.get_by_text("REAL MONEY")).to_be_visible()
        check_every_look(page, home, check_accessibility, name="armed")

        check_every_look(page, f"{home}/live-orders/new", check_accessibility, name="live-ticket")
        page.get_by_role("textbox", name="Instrument").fill("AAPL")
        page.get_by_label("Units", exact=True).fill("1")
        page.get_by_label("Limit price").fill("100")
        page.get_by_role("button", name="Send to Alpaca").click()
        page.get_by_role("button", name="Yes").click()
        page.wait_for_url("**/live-orders/*")
        expect(page.get_by_text("The broker has it")).to_be_visible(timeout=WORK_MS)
        order = page.url.removeprefix(live_desk.url)
        assert vendor.placed_orders() == [order.rpartition("/")[2]]
        check_every_look(page, order, check_accessibility, name="live-order")
        check_every_look(page, "/live-orders", check_accessibility, name="live-orders")

        page.goto(live_desk.url + order)
        page.get_by_role("link", name="Change the order").click()
        change = page.url.removeprefix(live_desk.url)
        check_every_look(page, change, check_accessibility, name="live-replacement")
        page.get_by_label("Limit price").fill("99")
        page.get_by_role("button", name="Change it at Alpaca").click()
        page.get_by_role("button", name="Yes").click()
        expect(page.get_by_text("The broker has it")).to_be_visible(timeout=WORK_MS)
        assert len(vendor.placed_orders()) == 2

        page.get_by_role("button", name="Cancel the order").click()
        expect(page.get_by_text("Cancelled", exact=True)).to_be_visible(timeout=WORK_MS)
        page.goto(live_desk.url + home)
        page.get_by_role("button", name="Disarm").click()
        expect(page.get_by_text("No order leaves through this connection")).to_be_visible()
