"""The order book and the tape in a real Chromium: they move, are read by keyboard, fill the ticket.

With ``HOLDFAST_SCREENSHOTS`` naming a folder the pages are also kept there as pictures.
"""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from tests.browser.looks import Check, go, keep_picture

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(300),
]

PATIENCE_MS = 20_000


def see_an_instrument(page: Page) -> Page:
    go(page, "/instruments/MSFT")
    expect(page.locator("#ticket")).to_be_visible()
    # The book comes to life once it is seen.
    page.locator("[data-tape]").scroll_into_view_if_needed()
    expect(page.locator(".ladder__price[data-reach]")).to_have_count(1)
    return page


@pytest.fixture
def investor(investor: Page) -> Page:
    return see_an_instrument(investor)


@pytest.fixture
def onlooker(looker: Page) -> Page:
    return see_an_instrument(looker)


def price_of(text: str) -> Decimal:
    return Decimal(text.replace(",", ""))


def test_the_ladder_moves_and_stays_in_order(onlooker: Page) -> None:
    ladder = onlooker.locator("[data-ladder]")
    sizes = ladder.locator("[data-level=size]")
    expect(sizes.nth(7)).not_to_have_text(sizes.nth(7).inner_text(), timeout=PATIENCE_MS)
    words = onlooker.evaluate(
        "[...document.querySelectorAll('[data-ladder] tr[data-price]')].map(r => r.dataset.price)"
    )
    prices = [Decimal(word) for word in words]
    assert prices == sorted(prices, reverse=True)
    spread = price_of(ladder.locator("[data-book=spread]").inner_text())
    assert spread > 0
    widths = onlooker.evaluate(
        "[...document.querySelectorAll('[data-side=bid] rect')].map(r => r.width.baseVal.value)"
    )
    assert widths[0] > 0
    assert widths[:5] == sorted(widths[:5])


def test_the_tape_moves_until_it_is_paused(onlooker: Page) -> None:
    tape = onlooker.locator("[data-tape]")
    newest = tape.locator("tbody tr").first
    expect(newest).not_to_have_text(newest.inner_text(), timeout=PATIENCE_MS)
    expect(newest.locator("time")).to_have_attribute("title", re.compile("E[SD]T|GMT-"))
    expect(tape.locator("tbody tr [data-arrow]").first).to_have_class(re.compile("rise|fall|flat"))
    pause = tape.get_by_role("button", name="Pause")
    pause.click()
    expect(pause).to_have_attribute("aria-pressed", "true")
    still = tape.locator("tbody").inner_text()
    ladder = onlooker.locator("[data-level=size]").nth(7)
    for _ in range(2):  # time goes on beside it
        expect(ladder).not_to_have_text(ladder.inner_text(), timeout=PATIENCE_MS)
    assert tape.locator("tbody").inner_text() == still
    pause.click()
    expect(newest).not_to_have_text(still.splitlines()[0], timeout=PATIENCE_MS)


def test_a_price_is_put_into_the_ticket_by_keyboard(onlooker: Page) -> None:
    best = onlooker.locator("[data-side=bid] .ladder__price").first
    expect(best).to_have_attribute("tabindex", "0")
    best.focus()
    onlooker.keyboard.press("ArrowDown")
    focused = onlooker.locator(".ladder__price:focus")
    expect(focused).to_have_attribute("tabindex", "0")
    onlooker.keyboard.press("Enter")
    expect(onlooker.locator("#ticket [name=type][value=limit]")).to_be_checked()
    limit = onlooker.locator("#ticket [name=limit_price]")
    expect(limit).to_have_value(re.compile(r"^\d+(\.\d+)?$"))
    expect(onlooker.locator("[data-chosen]")).to_contain_text("is in the ticket")
    expect(focused).to_have_count(1)


def test_own_orders_and_fills_are_marked(investor: Page) -> None:
    ladder = investor.locator("[data-ladder]")
    # Within the ladder, and far enough from the market to rest for a while.
    fourth = ladder.locator("[data-side=bid] tr").nth(4)
    fourth.click()
    ticket = investor.locator("#ticket")
    expect(ticket.locator("[name=limit_price]")).not_to_have_value("")
    ticket.locator("[name=size]").fill("3")
    ticket.get_by_role("button", name="Review order").click()
    ticket.get_by_role("button", name="Buy MSFT").click()
    expect(investor.locator("#placed-order")).to_be_visible()
    order = investor.locator("#holding [data-order]")
    marked = ladder.locator(".ladder__is-own")
    filled = investor.locator(".tape__own")
    expect(marked.or_(filled).first).to_be_visible(timeout=PATIENCE_MS)
    if marked.count():
        expect(marked.locator("[data-level=own]")).to_contain_text("yours 3")
        expect(marked.locator("[data-level=users]")).to_contain_text(re.compile(r"in \d"))
    investor.locator("body").press("b")
    investor.locator("#ticket").get_by_text("Market", exact=True).click()
    investor.locator("#ticket [name=size]").fill("2")
    investor.keyboard.press("Enter")
    expect(ticket.get_by_role("button", name="Buy MSFT")).to_be_focused()
    investor.keyboard.press("Enter")
    expect(filled.first).to_contain_text("You bought", timeout=PATIENCE_MS)
    expect(order.or_(investor.locator("[data-holding=quantity]")).first).to_be_visible()
    keep_picture(investor, "depth-own")


def test_without_script_a_price_leads_to_the_ticket(onlooker: Page) -> None:
    href = onlooker.locator("[data-side=bid] .ladder__price").first.get_attribute("href")
    assert href is not None
    go(onlooker, href)
    expect(onlooker.locator("[name=type][value=limit]")).to_be_checked()
    expect(onlooker.locator("[name=limit_price]")).to_have_value(href.rpartition("=")[2])


def test_a_lost_connection_makes_the_book_old(onlooker: Page) -> None:
    sockets: list[WebSocketRoute] = []
    is_cut = False

    def serve(socket: WebSocketRoute) -> None:
        if is_cut:
            socket.close()
        else:
            socket.connect_to_server()
            sockets.append(socket)

    onlooker.route_web_socket("**/ws/v1/quotes", serve)
    onlooker.reload()
    expect(onlooker.locator("[data-connection]")).to_have_attribute("data-state", "live")
    is_cut = True
    sockets[-1].close()
    expect(onlooker.locator("[data-ladder]")).to_have_attribute("data-stale", "", timeout=30_000)


def test_book_and_tape_fit_and_are_accessible(onlooker: Page, check_accessibility: Check) -> None:
    onlooker.emulate_media(reduced_motion="reduce")
    for width in (360, 1280):
        onlooker.set_viewport_size({"width": width, "height": 900})
        for scheme in ("light", "dark"):
            onlooker.emulate_media(color_scheme=scheme)
            onlooker.reload()
            expect(onlooker.locator("#ticket")).to_be_visible()
            expect(onlooker.locator("[data-tape] tbody tr").nth(3)).to_be_visible()
            assert onlooker.evaluate("document.documentElement.scrollWidth") <= width
            check_accessibility(onlooker)
            keep_picture(onlooker, f"depth-{width}-{scheme}")
