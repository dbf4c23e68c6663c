"""From the landing page to a filled order, as a visitor does it, in a real Chromium.

With ``HOLDFAST_SCREENSHOTS`` naming a folder the pages are also kept there as pictures.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.looks import Check, go, keep_picture
from tests.browser.visiting import open_the_demo
from tests.support.desk import wait_until

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(300),
]

PATIENCE_SECONDS = 20  # a price moves about once a second
FILL_SECONDS = 5
INTERVALS = ("1m", "5m", "15m", "30m", "1h", "1w", "1mo", "1d")


@pytest.fixture
def visitor(visitor: Page) -> Page:
    visitor.set_viewport_size({"width": 1440, "height": 1000})
    return visitor


@pytest.fixture
def onlooker(onlooker: Page) -> Page:
    onlooker.set_viewport_size({"width": 1440, "height": 1000})
    return onlooker


@pytest.fixture
def check_both_themes(check_accessibility: Check) -> Callable[[Page], None]:
    def check(page: Page) -> None:
        # A flash caught between two themes has colours that nobody ever sees.
        page.emulate_media(reduced_motion="reduce", color_scheme="light")
        check_accessibility(page)
        page.emulate_media(color_scheme="dark")
        check_accessibility(page, only_colours=True)
        page.emulate_media(reduced_motion="no-preference", color_scheme="light")

    return check


def test_a_visitor_trades_within_minutes(
    visitor: Page, check_both_themes: Callable[[Page], None]
) -> None:
    check_both_themes(visitor)
    open_the_demo(visitor)
    see_positions_move(visitor)
    check_both_themes(visitor)
    keep_picture(visitor, "home")

    follow_a_watchlist(visitor)
    check_both_themes(visitor)

    open_instrument(visitor, "MSFT")
    see_every_interval(visitor)
    see_the_candle_move(visitor)
    buy_at_market(visitor, quantity="5")
    check_both_themes(visitor)
    keep_picture(visitor, "instrument")

    before = buying_power(visitor)
    order_page = rest_below_the_market(visitor, quantity="3")
    assert buying_power(visitor) < before
    cancel_from_the_list(visitor)
    check_both_themes(visitor)
    see_the_hold_released(visitor, order_page)
    check_both_themes(visitor)
    open_instrument(visitor, "MSFT")
    assert buying_power(visitor) == before


def test_the_books_follow_a_purchase(
    visitor: Page, check_both_themes: Callable[[Page], None]
) -> None:
    open_the_demo(visitor)
    open_instrument(visitor, "KO")
    portfolio_id = visitor.locator("#holding").get_attribute("data-portfolio")
    buy_at_market(visitor, quantity="7")
    for tab in ("positions", "lots", "activities", "journal"):
        go(visitor, f"/portfolios/{portfolio_id}/{tab}")
        expect(visitor.locator("main")).to_contain_text("KO")
        check_both_themes(visitor)
    go(visitor, f"/portfolios/{portfolio_id}/cash")
    check_both_themes(visitor)


def test_a_problem_is_told_before_anything_is_sent(onlooker: Page) -> None:
    open_instrument(onlooker, "AAPL")
    onlooker.locator("[name=size]").fill("100000000")
    expect(onlooker.locator("#id_size_problems")).to_contain_text("buying power")
    expect(onlooker.locator("[name=size]")).to_have_attribute("aria-invalid", "true")
    onlooker.locator("[name=size]").fill("1")
    expect(onlooker.locator("#id_size_problems")).to_be_empty()
    expect(onlooker.locator("[name=size]")).not_to_have_attribute("aria-invalid", "true")
    expect(onlooker.locator("[name=size]")).to_be_focused()


def test_the_chart_moves_without_drawing_every_candle_anew(onlooker: Page) -> None:
    open_instrument(onlooker, "MSFT")
    onlooker.evaluate(
        """() => {
            window.drawnAnew = 0;
            const react = Plotly.react;
            Plotly.react = (...parts) => { window.drawnAnew += 1; return react(...parts); };
        }"""
    )
    for _ in range(3):
        see_the_candle_move(onlooker)
    # A price that leaves the range, or the close of the bar, may draw it once.
    assert onlooker.evaluate("window.drawnAnew") <= 1


@pytest.mark.parametrize(
    "path", ["/home", "/instruments", "/instruments/AAPL", "/watchlists", "/orders"]
)
def test_a_phone_never_scrolls_sideways(looker: Page, path: str) -> None:
    looker.set_viewport_size({"width": 360, "height": 780})
    go(looker, path)
    looker.wait_for_load_state("networkidle")
    assert looker.evaluate("document.documentElement.scrollWidth") <= 360


def see_positions_move(page: Page) -> None:
    rows = page.locator("#positions tbody tr")
    expect(rows.first).to_be_visible()
    wait_for_change(page, rows.locator("[data-field=last]"))


def follow_a_watchlist(page: Page) -> None:
    page.get_by_role("link", name="Watchlists").first.click()
    page.wait_for_url("**/watchlists")
    if page.get_by_text("No watchlist yet").is_visible():
        page.get_by_text("New watchlist").click()
        page.get_by_label("Name").fill("Mine")
        page.get_by_role("button", name="Create").click()
    page.get_by_label("Add symbols").fill("MSFT, KO; NOPE")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator("#watchlist")).to_contain_text("No such instrument: NOPE.")
    expect(page.locator('#watchlist tr[data-symbol="MSFT"]')).to_be_visible()
    wait_for_change(page, page.locator("#watchlist tbody [data-field=last]"))


def open_instrument(page: Page, symbol: str) -> None:
    go(page, f"/instruments/{symbol}")
    expect(page.locator("[data-plot][data-drawn]")).to_be_visible()
    expect(page.locator("#ticket")).to_be_visible()
    expect(page.locator("[data-note]")).to_contain_text("simulated")


def see_every_interval(page: Page) -> None:
    for interval in INTERVALS:
        with page.expect_response(re.compile(rf"/chart\?interval={interval}&")) as answer:
            page.locator(f'[data-interval="{interval}"]').click()
        figure = answer.value.json()
        assert figure["live"] is not None, interval
        assert 1 < len(figure["labels"]) <= 500, interval
        expect(page.locator(f'[data-interval="{interval}"]')).to_have_attribute(
            "aria-current", "true"
        )
        expect(page.locator("[data-candles]")).not_to_have_attribute("aria-busy", "true")


def see_the_candle_move(page: Page) -> None:
    """The body's end, as Plotly has drawn it, follows the price."""
    wait_for_change(
        page, lambda: page.evaluate("document.querySelector('[data-plot]').layout.shapes[1].y1")
    )


def buy_at_market(page: Page, *, quantity: str) -> None:
    """By keyboard alone: B for buy puts the cursor into the size."""
    page.evaluate("window.isSameDocument = true")
    page.locator("body").press("b")
    page.keyboard.type(quantity)
    expect(page.locator('[data-estimate-field="cost"]')).not_to_have_text("–")
    page.keyboard.press("Enter")
    expect(page.locator("#ticket-words")).to_contain_text(f"Buy {quantity} ")
    expect(page.get_by_role("button", name=re.compile("^Buy "))).to_be_focused()
    page.keyboard.press("Enter")
    filled = page.locator('#placed-order [data-status="filled"]')
    expect(filled).to_be_visible(timeout=FILL_SECONDS * 1000)
    expect(page.locator('[data-holding="quantity"]')).to_be_visible()
    assert page.evaluate("window.isSameDocument")


def rest_below_the_market(page: Page, *, quantity: str) -> str:
    """Place a limit order that cannot fill; return the address of its page."""
    price = Decimal(page.locator(".quote-head [data-field=last]").inner_text().replace(",", ""))
    ticket = page.locator("#ticket")
    ticket.get_by_text("Limit", exact=True).click()
    ticket.locator("[name=size]").fill(quantity)
    ticket.locator("[name=limit_price]").fill(f"{price * Decimal('0.7'):.2f}")
    ticket.locator("[name=time_in_force]").select_option("gtc")
    ticket.get_by_role("button", name="Review order").click()
    ticket.get_by_role("button", name="Buy MSFT").click()
    resting = page.locator('#holding [data-status="new"]')
    expect(resting).to_be_visible(timeout=FILL_SECONDS * 1000)
    address = page.locator("#holding .order-link").first.get_attribute("href")
    assert address is not None
    return address


def cancel_from_the_list(page: Page) -> None:
    page.get_by_role("link", name="Orders").first.click()
    page.wait_for_url("**/orders")
    held = page.locator('#orders td[data-label="Held"]').first
    expect(held).to_contain_text("$")
    page.get_by_role("button", name="Cancel: Buy MSFT").click()
    expect(page.locator("#orders")).to_contain_text(
        "No working orders", timeout=FILL_SECONDS * 1000
    )


def see_the_hold_released(page: Page, order_page: str) -> None:
    go(page, order_page)
    expect(page.locator('[data-status="canceled"]')).to_be_visible()
    expect(page.locator("[data-held]")).to_have_text("nothing")
    expect(page.locator(".timeline")).to_contain_text("Cancel requested")


def buying_power(page: Page) -> Decimal:
    """The buying power that the ticket shows once the estimate has been fetched anew."""
    with page.expect_response(re.compile("/ticket/estimate")):
        page.locator("[name=size]").fill("1")
    shown = page.locator('[data-estimate-field="buying-power"]')
    page.wait_for_load_state("networkidle")
    return Decimal(re.sub(r"[^\d.]", "", shown.inner_text()))


def wait_for_change(page: Page, subject: Locator | Callable[[], Any]) -> None:
    def read() -> Any:
        return subject.all_inner_texts() if isinstance(subject, Locator) else subject()

    before = read()

    def has_changed() -> bool:
        page.wait_for_timeout(100)  # lets the browser's events in
        return bool(read() != before)

    wait_until(has_changed, seconds=PATIENCE_SECONDS, what=f"a price moves on {page.url}")
