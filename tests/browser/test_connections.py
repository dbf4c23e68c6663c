"""A broker in a real Chromium: connected, synced, its session broken, signed in to again."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from integrations.brokers.rehearsing import rehearsing
from integrations.brokers.trading212.rehearsal import CREDENTIALS, TradingRehearsal
from tests.browser.looks import Check, check_every_look
from tests.integrations.connections.desk import small_world
from tests.support.desk import LiveDesk

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(600),
]

WORK_MS = 120_000  # the broker takes some questions once in fifty seconds


def test_a_broker_is_connected_synced_broken_and_signed_in_to_again(
    page: Page, live_desk: LiveDesk, check_accessibility: Check
) -> None:
    page.goto(live_desk.url)
    page.get_by_role("button", name="Try the demo").click()
    page.wait_for_url("**/home")
    page.goto(f"{live_desk.url}/portfolios")
    page.get_by_label("Name").fill("At my broker")
    page.get_by_label("Tracked").check()
    page.get_by_label("Starting cash").fill("")
    page.get_by_role("button", name="Open portfolio").click()
    page.goto(f"{live_desk.url}/connections")
    page.get_by_role("link", name="Connect Trading 212").click()
    page.get_by_label("API key").fill(CREDENTIALS["api_key"])
    page.get_by_label("API secret").fill(CREDENTIALS["api_secret"])
    page.get_by_label("Read into").select_option(label="At my broker")
    with rehearsing(TradingRehearsal(small_world()), port=live_desk.broker_port) as vendor:
        page.get_by_role("button", name="Connect and verify").click()
        expect(page.get_by_text("connected", exact=True)).to_be_visible(timeout=WORK_MS)
        page.get_by_role("button", name="Sync now").click()
        expect(page.get_by_text("Everything agrees")).to_be_visible(timeout=WORK_MS)
        path = page.url.removeprefix(live_desk.url)
        check_every_look(page, path, check_accessibility)
        page.get_by_role("link", name="At my broker").click()
        expect(page.get_by_role("link", name="AAPL")).to_be_visible()

        vendor.is_expired = True
        page.goto(live_desk.url + path)
        page.get_by_role("button", name="Verify", exact=True).click()
        banner = page.get_by_text("Sign in again: ")
        expect(banner).to_be_visible(timeout=WORK_MS)
        check_every_look(page, path, check_accessibility)

        vendor.is_expired = False
        page.goto(live_desk.url + path)
        page.get_by_label("API key").fill(CREDENTIALS["api_key"])
        page.get_by_label("API secret").fill(CREDENTIALS["api_secret"])
        page.get_by_role("button", name="Sign in and verify").click()
        expect(page.get_by_text("connected", exact=True)).to_be_visible(timeout=WORK_MS)
