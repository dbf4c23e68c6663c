"""Stops on the ticket, by keyboard, in both themes, on a phone and a desktop."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looks import Check, check_every_look, go

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(300),
]

PATIENCE_MS = 20_000


def test_a_trailing_stop_is_placed_by_keyboard_and_all_are_cancelled(
    investor: Page,
    check_accessibility: Check,
) -> None:
    page = investor
    go(page, "/instruments/AAPL/desk")
    types = page.get_by_role("group", name="Order type")
    for shown, hidden in (
        (["Stop price"], ["Distance", "Limit price"]),
        (["Stop price", "Limit price"], ["Distance"]),
        (["Distance"], ["Stop price", "Limit price"]),
    ):
        types.locator("input:checked").press("ArrowRight")
        if shown == ["Stop price"]:  # past market and limit
            types.locator("input:checked").press("ArrowRight")
        for label in shown:
            expect(page.get_by_role("textbox", name=label)).to_be_visible()
        for label in hidden:
            expect(page.get_by_role("textbox", name=label)).to_be_hidden()
    for width in (360, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            check_accessibility(page)
    page.get_by_role("textbox", name="How much").fill("1")
    distance = page.get_by_role("textbox", name="Distance")
    distance.fill("40")
    page.get_by_label("Time in force").select_option("gtc")
    distance.press("Enter")
    expect(page.locator("#ticket-words")).to_contain_text("turned by 40.00 from its best")
    page.get_by_role("button", name="Buy AAPL").press("Enter")
    expect(page.locator("#placed-order")).to_contain_text(
        re.compile("trailing by 40"), timeout=PATIENCE_MS
    )
    expect(page.locator("#placed-order [data-status=held]")).to_be_visible(timeout=PATIENCE_MS)
    go(page, "/instruments/AAPL")
    expect(page.locator(".order-line__grip")).to_contain_text("trailing stop", timeout=PATIENCE_MS)
    go(page, "/orders")
    check_accessibility(page)
    page.get_by_role("button", name=re.compile("Cancel all of")).first.click()
    page.get_by_role("dialog").get_by_role("button", name="Yes").click()
    expect(page.locator("#messages")).to_contain_text("being cancelled", timeout=PATIENCE_MS)
    expect(page.get_by_text("No working orders")).to_be_visible(timeout=PATIENCE_MS)


def test_every_fill_is_on_a_page(investor: Page, check_accessibility: Check) -> None:
    go(investor, "/instruments/AAPL/desk")
    units = investor.get_by_role("textbox", name="How much")
    units.fill("1")
    units.press("Enter")
    investor.get_by_role("button", name="Buy AAPL").press("Enter")
    expect(investor.locator("#placed-order [data-status=filled]")).to_be_visible(
        timeout=PATIENCE_MS
    )
    go(investor, "/orders")
    investor.get_by_role("link", name="Fills", exact=True).click()
    expect(investor.get_by_role("region", name="Fills").locator("tbody tr").first).to_be_visible()
    check_every_look(investor, "/fills", check_accessibility, name="fills")
