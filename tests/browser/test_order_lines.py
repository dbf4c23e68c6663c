"""Placing, moving and cancelling an order with keys alone, and its line on the chart."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.looks import Check, go

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(300),
]

PATIENCE_MS = 20_000
STEPS_TO_TRY = 120


def tab_to(page: Page, wanted: Locator) -> None:
    """As whoever has no mouse gets there."""
    for _ in range(STEPS_TO_TRY):
        page.keyboard.press("Tab")
        if wanted.evaluate("node => node === document.activeElement"):
            return
    raise AssertionError("Tab does not get there.")


def write(page: Page, text: str) -> None:
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type(text)


def bid_of(page: Page) -> float:
    best = page.locator("[data-ladder] [data-side=bid] [data-level=price]").first
    return float(best.inner_text().replace(",", ""))


def test_an_order_lives_by_keyboard_alone(investor: Page, check_accessibility: Check) -> None:
    page = investor
    go(page, "/instruments/MSFT")
    expect(page.locator("[data-plot][data-drawn]")).to_be_attached(timeout=PATIENCE_MS)
    price = f"{bid_of(page) * 0.995:.2f}"

    page.keyboard.press("b")  # to the size, as a purchase
    write(page, "2")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("ArrowRight")  # from market to limit
    tab_to(page, page.get_by_role("textbox", name="Limit price"))
    write(page, price)
    tab_to(page, page.get_by_label("Time in force"))
    page.keyboard.press("g")  # GTC
    tab_to(page, page.get_by_role("button", name="Review order"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Buy MSFT")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#placed-order [data-status=new]")).to_be_visible(timeout=PATIENCE_MS)

    grip = page.locator("[data-order-line]")
    expect(grip).to_have_attribute("aria-valuenow", price, timeout=PATIENCE_MS)
    check_accessibility(page)
    grip.evaluate("node => node.scrollIntoView({ block: 'center' })")
    page.locator("[data-plot]").focus()
    tab_to(page, grip)
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    lower = f"{float(price) - 0.03:.2f}"
    expect(grip).to_have_attribute("aria-valuenow", lower)
    page.keyboard.press("Escape")
    expect(grip).to_have_attribute("aria-valuenow", price)
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Change the order")
    expect(dialog.get_by_label("Limit price")).to_have_value(lower, timeout=PATIENCE_MS)
    tab_to(page, dialog.get_by_role("button", name="Change"))
    page.keyboard.press("Enter")
    expect(page.locator("#messages")).to_contain_text("being changed", timeout=PATIENCE_MS)
    expect(grip).to_have_attribute("aria-valuenow", lower, timeout=PATIENCE_MS)
    expect(grip).to_have_count(1)

    tab_to(page, page.get_by_role("button", name=re.compile("Cancel: Buy MSFT")).first)
    page.keyboard.press("Enter")
    expect(grip).to_have_count(0, timeout=PATIENCE_MS)


def test_a_line_is_dragged_and_asks_before_it_moves_anything(investor: Page) -> None:
    page = investor
    go(page, "/instruments/MSFT")
    expect(page.locator("[data-plot][data-drawn]")).to_be_attached(timeout=PATIENCE_MS)
    price = f"{bid_of(page) * 0.995:.2f}"
    page.get_by_role("group", name="Order type").get_by_text("Limit", exact=True).click()
    page.get_by_role("textbox", name="How much").fill("1")
    page.get_by_role("textbox", name="Limit price").fill(price)
    page.get_by_role("button", name="Review order").click()
    page.get_by_role("button", name="Buy MSFT").click()
    grip = page.locator("[data-order-line]")
    expect(grip).to_have_attribute("aria-valuenow", price, timeout=PATIENCE_MS)

    grip.evaluate("node => node.scrollIntoView({ block: 'center' })")
    box = grip.bounding_box()
    assert box is not None
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.move(*middle)
    page.mouse.down()
    page.mouse.move(middle[0], middle[1] + 12, steps=4)
    page.mouse.up()
    dialog = page.get_by_role("dialog", name="Change the order")
    field = dialog.get_by_label("Limit price")
    expect(field).not_to_have_value(price, timeout=PATIENCE_MS)
    assert float(field.input_value()) < float(price)
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(grip).to_have_attribute("aria-valuenow", price)
