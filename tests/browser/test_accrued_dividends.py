"""A dividend between its ex-date and its payment, in a real Chromium: cash and income."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.looks import Check, check_every_look, go
from tests.browser.visiting import open_tracked_portfolio

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.xdist_group("live_desk"),
    pytest.mark.timeout(300),
]

SYMBOL = "WMT"  # that no demo holds
PATIENCE_MS = 30_000
EX_DATE = datetime.now(UTC).date() - timedelta(days=5)
PAY_DATE = EX_DATE + timedelta(days=30)


def hold_shares(investor: Page) -> str:
    """Returns the path of a portfolio that held ten shares long before the ex-date."""
    open_tracked_portfolio(investor, "Before the ex-date")
    path = urlsplit(investor.url).path
    go(investor, f"{path}/activities/new")
    investor.get_by_label("When (UTC)").fill(f"{EX_DATE - timedelta(days=30)}T15:00:00")
    investor.get_by_label("Symbol", exact=True).fill(SYMBOL)
    investor.get_by_label("Quantity").fill("10")
    investor.get_by_label("Unit price").fill("60")
    investor.get_by_role("button", name="Record").click()
    expect(investor.get_by_text(SYMBOL).first).to_be_visible()
    go(investor, f"{path}/lots")
    investor.get_by_text("How it books").click()
    investor.get_by_label("Of the market, booked by themselves").select_option("all")
    investor.get_by_role("button", name="Save").click()
    return path


def declare_a_dividend(clerk: Page) -> None:
    go(clerk, f"/instruments/{SYMBOL}/corporate-actions")
    clerk.get_by_label("What", exact=True).select_option("dividend")
    clerk.get_by_label("Ex-date", exact=True).fill(EX_DATE.isoformat())
    clerk.get_by_label("Paid on").fill(PAY_DATE.isoformat())
    clerk.get_by_label("Dividend per share", exact=True).fill("0.83")
    clerk.get_by_role("button", name="Record").click()
    expect(clerk.get_by_role("group", name="What is known")).to_contain_text("0.83")


def test_what_has_accrued_is_told_on_every_screen(
    investor: Page, clerk: Page, check_accessibility: Check
) -> None:
    path = hold_shares(investor)
    declare_a_dividend(clerk)
    expect_claim(investor, f"{path}/cash")
    check_every_look(investor, f"{path}/cash", check_accessibility, name="accrued-cash")
    expect(claims_on(investor)).to_contain_text("$8.30")
    check_every_look(investor, f"{path}/income", check_accessibility, name="accrued-income")
    expect(investor.get_by_text("accrued", exact=True).first).to_be_visible()
    investor.get_by_role("link", name="How is what has accrued computed?").first.click()
    expect(investor.get_by_role("dialog")).to_contain_text("8.30")
    check_accessibility(investor)


def expect_claim(investor: Page, path: str) -> None:
    """A worker books it as soon as it hears of the dividend."""
    for _ in range(PATIENCE_MS // 1000):
        go(investor, path)
        if claims_on(investor).is_visible():
            return
        investor.wait_for_timeout(1000)
    pytest.fail("nothing has accrued")


def claims_on(page: Page) -> Locator:
    return page.get_by_role("list", name="Dividends that have accrued")
