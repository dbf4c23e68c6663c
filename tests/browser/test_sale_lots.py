"""Naming the lots of a sale in a real Chromium: they show by themselves, and mistakes at each."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looks import Check
from tests.browser.visiting import open_tracked_portfolio
from tests.support.desk import LiveDesk

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(300),
]


def fill(page: Page, *, kind: str, when: str, quantity: str, price: str) -> None:
    page.get_by_label("Kind").select_option(kind)
    page.get_by_label("When (UTC)").fill(when)
    page.get_by_label("Quantity").fill(quantity)
    page.get_by_label("Unit price").fill(price)
    page.get_by_label("Symbol").fill("AAPL")
    page.get_by_label("Symbol").press("Tab")


def test_a_sale_names_its_lots(
    regular: Page, live_desk: LiveDesk, check_accessibility: Check, complaints: list[str]
) -> None:
    open_tracked_portfolio(regular, "Chosen lots")
    regular.get_by_role("link", name="Activities").click()
    form = f"{regular.url.removesuffix('/')}/new"
    for day, quantity, price in (("02", "10", "100"), ("03", "5", "120")):
        regular.goto(form)
        fill(regular, kind="buy", when=f"2024-01-{day}T15:00:00", quantity=quantity, price=price)
        regular.get_by_role("button", name="Record", exact=True).click()
        expect(regular.get_by_text("Recorded.")).to_be_visible()

    regular.goto(form)
    fill(regular, kind="sell", when="2024-02-01T15:00:00", quantity="6", price="150")
    regular.get_by_label("Units of the lot of 2024-01-03").fill("4")
    regular.get_by_label("Units of the lot of 2024-01-02").fill("1")
    check_accessibility(regular)
    regular.get_by_role("button", name="Record", exact=True).click()
    expect(regular.get_by_text("the lots have 5 units, the sell 6")).to_be_visible()
    assert all("422" in complaint for complaint in complaints)
    complaints.clear()
    check_accessibility(regular)

    regular.get_by_label("Units of the lot of 2024-01-02").fill("2")
    regular.get_by_role("button", name="Record", exact=True).click()
    expect(regular.get_by_text("Recorded.")).to_be_visible()
    regular.get_by_role("link", name="Lots", exact=True).click()
    expect(regular.locator("tbody tr").nth(0)).to_contain_text("of 10")
    expect(regular.locator("tbody tr").nth(1)).to_contain_text("of 5")
