"""A broker in a real Chromium: connected, synced, its session broken, signed in to again."""

from __future__ import annotations

from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect

from integrations.brokers.alpaca.rehearsal import CREDENTIALS, AlpacaRehearsal
from integrations.brokers.rehearsing import rehearsing
from tests.browser.looks import Check, check_every_look
from tests.browser.visiting import open_tracked_portfolio
from tests.integrations.connections.desk import small_world, told
from tests.support.desk import LiveDesk

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(600),
]

WORK_MS = 60_000


def enter_keys(page: Page) -> None:
    page.get_by_label("Key id").fill(CREDENTIALS["api_key"])
    page.get_by_label("Secret key").fill(CREDENTIALS["api_secret"])


def test_a_broker_is_connected_synced_broken_and_signed_in_to_again(
    investor: Page, live_desk: LiveDesk, check_accessibility: Check
) -> None:
    open_tracked_portfolio(investor, "At my broker")
    investor.goto(f"{live_desk.url}/connections")
    investor.get_by_role("link", name="Connect Alpaca").click()
    enter_keys(investor)
    investor.get_by_label("Read into").select_option(label="At my broker")
    world = small_world()
    unknown = {"symbol": "ODD", "quantity": Decimal(1), "unit_price": Decimal(10)}
    world.happenings.append(told(4, "buy", **unknown))
    with rehearsing(AlpacaRehearsal(world), port=live_desk.broker_port) as vendor:
        investor.get_by_role("button", name="Connect and verify").click()
        expect(investor.get_by_text("connected", exact=True)).to_be_visible(timeout=WORK_MS)
        investor.get_by_role("button", name="Sync now").click()
        expect(investor.get_by_text("Everything agrees")).to_be_visible(timeout=WORK_MS)
        expect(investor.get_by_text("There is no instrument 'ODD' here")).to_be_visible()
        path = investor.url.removeprefix(live_desk.url)
        check_every_look(investor, path, check_accessibility)
        investor.get_by_role("link", name="At my broker").click()
        expect(investor.get_by_role("link", name="AAPL")).to_be_visible()

        vendor.is_expired = True
        investor.goto(live_desk.url + path)
        investor.get_by_role("button", name="Verify", exact=True).click()
        banner = investor.get_by_text("Sign in again: ")
        expect(banner).to_be_visible(timeout=WORK_MS)
        check_every_look(investor, path, check_accessibility)

        vendor.is_expired = False
        investor.goto(live_desk.url + path)
        enter_keys(investor)
        investor.get_by_role("button", name="Sign in and verify").click()
        expect(investor.get_by_text("connected", exact=True)).to_be_visible(timeout=WORK_MS)
