"""The review of an order in a real Chromium: by keyboard, without script, in every look."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.looks import ARRANGEMENTS, SCHEMES, Check, go, keep_picture, origin_of

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(300),
]

PATIENCE_MS = 20_000


def test_an_order_is_reviewed_changed_and_placed_by_keyboard(
    investor: Page, check_accessibility: Check
) -> None:
    page = investor
    go(page, "/instruments/AAPL/desk")
    size = page.get_by_role("textbox", name="How much")
    size.fill("3")
    size.press("Enter")
    words = page.locator("#ticket-words")
    expect(words).to_contain_text("Buy 3 AAPL at the market")
    place = page.get_by_role("button", name="Buy AAPL")
    expect(place).to_be_focused()
    expect(place).to_have_attribute("aria-describedby", "ticket-words")
    page.emulate_media(reduced_motion="reduce")
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        for width in ARRANGEMENTS:
            page.set_viewport_size({"width": width, "height": 900})
            check_accessibility(page)
            beyond = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            assert page.evaluate(beyond) <= 0
    keep_picture(page, "ticket-review")

    page.keyboard.press("Escape")
    expect(size).to_be_focused()
    expect(size).to_have_value("3")
    size.fill("2")
    size.press("Enter")
    expect(words).to_contain_text("Buy 2 AAPL")
    expect(place).to_be_focused()
    page.keyboard.press("s")  # sells nothing while an order is reviewed
    page.keyboard.press("Enter")
    placed = page.locator("#placed-order")
    expect(placed.locator("[data-status=filled]")).to_be_visible(timeout=PATIENCE_MS)
    expect(placed).to_contain_text("Buy 2 AAPL")


def test_who_answers_a_review_at_once_stays_on_the_page(investor: Page) -> None:
    go(investor, "/instruments/AAPL/desk")
    investor.evaluate(
        """() => {
          window.isSameDocument = true;
          new MutationObserver((_, observer) => {
            const place = document.querySelector("#ticket[data-reviewed] [autofocus]");
            if (!place) return;
            observer.disconnect();
            place.click();
          }).observe(document.body, { childList: true, subtree: true });
        }"""
    )
    investor.get_by_role("textbox", name="How much").fill("1")
    investor.get_by_role("button", name="Review order").click()
    placed = investor.locator("#placed-order, [role=status]:has-text('The order is placed.')")
    expect(placed.first).to_be_visible(timeout=PATIENCE_MS)
    assert investor.evaluate("window.isSameDocument")


def test_a_price_from_the_book_leads_back_to_the_ticket(investor: Page) -> None:
    go(investor, "/instruments/MSFT")
    ticket = investor.locator("#ticket")
    ticket.locator("[name=size]").fill("1")
    ticket.get_by_role("button", name="Review order").click()
    expect(investor.locator("#ticket-words")).to_contain_text("Buy 1 MSFT")
    investor.locator("[data-ladder]").scroll_into_view_if_needed()
    expect(investor.locator(".ladder__price[data-reach]")).to_have_count(1)
    investor.locator("[data-ladder] [data-side=bid] tr").first.click()
    expect(ticket.locator("[name=type][value=limit]")).to_be_checked()
    expect(ticket.locator("[name=limit_price]")).not_to_have_value("")
    expect(ticket.locator("[name=size]")).to_have_value("1")


def test_who_wants_one_click_has_it_and_keeps_it(investor: Page) -> None:
    page = investor
    go(page, "/instruments/AAPL/desk")
    page.get_by_role("checkbox", name="Send without review").check()
    for _ in range(2):
        page.get_by_role("textbox", name="How much").fill("1")
        page.get_by_role("button", name="Buy AAPL").click()
        expect(page.locator("#placed-order")).to_be_visible(timeout=PATIENCE_MS)
        go(page, "/instruments/AAPL/desk")
        expect(page.get_by_role("checkbox", name="Send without review")).to_be_checked()


def test_without_script_it_is_a_page_between(investor: Page, browser: Browser) -> None:
    context = browser.new_context(
        java_script_enabled=False, storage_state=investor.context.storage_state()
    )
    page = context.new_page()
    page.goto(f"{origin_of(investor)}/instruments/AAPL/desk")
    page.get_by_role("textbox", name="How much").fill("1")
    page.get_by_role("button", name="Review order").click()
    expect(page.locator("#ticket-words")).to_contain_text("Buy 1 AAPL at the market")
    page.get_by_role("button", name="Change it").click()
    expect(page.get_by_role("textbox", name="How much")).to_have_value("1")
    page.get_by_role("button", name="Review order").click()
    page.get_by_role("button", name="Buy AAPL").click()
    expect(page.get_by_text("The order is placed.")).to_be_visible()
    context.close()
