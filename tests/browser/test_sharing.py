"""A link in a real Chromium: made by the owner, opened by a stranger, who sees percentages only."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.looks import Check, check_every_look
from tests.support.desk import LiveDesk

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.xdist_group("live_desk"),
    pytest.mark.timeout(300),
]

# What an amount or a price looks like: a currency before digits, or two decimals and no percent.
AMOUNT = re.compile(r"[$€£¥]\s?\d|\b[A-Z]{3}\s\d[\d,]*\.\d\d|\d\.\d\d(?!\d*\s?%)")


def test_a_stranger_with_a_link_sees_percentages_only_until_it_is_revoked(
    investor: Page, browser: Browser, live_desk: LiveDesk, check_accessibility: Check
) -> None:
    portfolio = investor.locator("[data-portfolio]").first.get_attribute("data-portfolio")
    investor.goto(f"{live_desk.url}/portfolios/{portfolio}")
    held = investor.locator("#positions tbody tr").first.get_attribute("data-symbol") or ""
    investor.get_by_role("link", name="Sharing").first.click()
    investor.get_by_label("Label").fill("How I do")
    investor.get_by_role("button", name="Make a link").click()
    address = investor.locator("#new-address").inner_text()

    stranger = browser.new_context().new_page()
    stranger.goto(address)
    expect(stranger.get_by_role("heading", name="How I do")).to_be_visible()
    main = stranger.locator("main").inner_text()
    assert held in main
    assert "%" in main
    assert AMOUNT.search(main) is None, AMOUNT.search(main)
    check_every_look(
        stranger, address.removeprefix(live_desk.url), check_accessibility, name="shared"
    )

    investor.get_by_role("button", name=re.compile("Revoke")).first.click()
    investor.locator("dialog[open]").get_by_role("button", name="Yes").click()
    expect(investor.get_by_text("The link opens nothing any more.")).to_be_visible()
    answer = stranger.goto(address)
    assert answer is not None
    assert answer.status == 404
    stranger.context.close()
