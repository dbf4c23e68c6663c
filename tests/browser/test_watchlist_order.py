"""A watchlist in a real Chromium: put in order by drag and by keyboard, and noted."""

from __future__ import annotations

from itertools import count

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looks import Check, keep_picture
from tests.support.desk import wait_until

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(300),
]

SECONDS = 15
_numbers = count(1)


@pytest.fixture
def investor(regular: Page) -> Page:
    """One who follows four stocks in a list of his own."""
    regular.get_by_role("link", name="Watchlists").first.click()
    regular.wait_for_url("**/watchlists")
    regular.get_by_text("New watchlist").click()
    regular.get_by_label("Name").first.fill(f"In order {next(_numbers)}")
    regular.get_by_role("button", name="Create").click()
    regular.wait_for_url("**/watchlists/*")
    regular.get_by_label("Add symbols").fill("AAPL MSFT KO XOM")
    regular.get_by_role("button", name="Add", exact=True).click()
    expect(regular.locator("tr[data-item]")).to_have_count(4)
    return regular


def order_of(page: Page) -> str:
    words: list[str] = page.evaluate(
        "[...document.querySelectorAll('tr[data-item]')].map(r => r.dataset.item.split(':')[1])"
    )
    return " ".join(words)


def expect_order(page: Page, expected: str) -> None:
    wait_until(lambda: order_of(page) == expected, seconds=SECONDS, what=expected)


def drag(page: Page, symbol: str, *, onto: str, is_dropped: bool = True) -> None:
    handle = page.locator(f'[data-item$=":{symbol}"] [data-handle]')
    held, target = handle.bounding_box(), page.locator(f'[data-item$=":{onto}"]').bounding_box()
    assert held is not None
    assert target is not None
    page.mouse.move(held["x"] + 5, held["y"] + 5)
    page.mouse.down()
    page.mouse.move(held["x"] + 5, (held["y"] + target["y"]) / 2, steps=4)
    page.mouse.move(held["x"] + 5, target["y"] + 4, steps=4)
    if is_dropped:
        with page.expect_response("**/order"):
            page.mouse.up()


def test_a_row_is_dragged_and_stays_there(investor: Page) -> None:
    drag(investor, "XOM", onto="MSFT")
    expect(investor.locator("[data-announcement]")).to_have_text("XOM is number 2 of 4.")
    expect_order(investor, "AAPL XOM MSFT KO")
    investor.reload()
    expect_order(investor, "AAPL XOM MSFT KO")


def test_escape_puts_a_dragged_row_back(investor: Page) -> None:
    drag(investor, "XOM", onto="AAPL", is_dropped=False)
    expect_order(investor, "XOM AAPL MSFT KO")
    investor.keyboard.press("Escape")
    expect_order(investor, "AAPL MSFT KO XOM")
    investor.mouse.up()
    investor.reload()
    expect_order(investor, "AAPL MSFT KO XOM")


def test_the_keyboard_moves_a_row_all_the_way(investor: Page) -> None:
    investor.locator('[data-item$=":KO"] [data-handle]').focus()
    for expected in ("AAPL KO MSFT XOM", "KO AAPL MSFT XOM"):
        investor.keyboard.press("Alt+ArrowUp")
        expect_order(investor, expected)
        expect(investor.locator('[data-item$=":KO"] :focus')).to_have_count(1)
    # At the top the button for down has the keyboard.
    expect(investor.locator('[data-item$=":KO"] [name=down]')).to_be_focused()
    investor.keyboard.press("Enter")
    expect_order(investor, "AAPL KO MSFT XOM")


def test_a_note_is_written_and_a_removal_undone(investor: Page) -> None:
    investor.get_by_role("link", name="Note about MSFT").click()
    expect(investor.get_by_label("Note", exact=True)).to_be_focused()
    investor.keyboard.type("Reports on Thursday")
    investor.keyboard.press("Enter")
    note = investor.locator(".watchlist__note")
    expect(note).to_contain_text("Reports on Thursday")
    investor.get_by_role("button", name="Remove MSFT").click()
    expect(note).to_have_count(0)
    investor.get_by_role("button", name="Undo").click()
    expect(note).to_contain_text("Reports on Thursday")
    expect_order(investor, "AAPL MSFT KO XOM")


def test_a_list_with_a_note_fits_and_is_accessible(
    investor: Page, check_accessibility: Check
) -> None:
    investor.emulate_media(reduced_motion="reduce")
    investor.get_by_role("link", name="Note about MSFT").click()
    investor.get_by_label("Note", exact=True).fill("Reports on Thursday")
    investor.keyboard.press("Enter")
    expect(investor.locator(".watchlist__note")).to_be_visible()
    investor.get_by_role("link", name="Note about KO").click()
    expect(investor.get_by_label("Note", exact=True)).to_be_visible()
    for width in (360, 1280):
        investor.set_viewport_size({"width": width, "height": 900})
        for scheme in ("light", "dark"):
            investor.emulate_media(color_scheme=scheme)
            assert investor.evaluate("document.documentElement.scrollWidth") <= width
            check_accessibility(investor)
            keep_picture(investor, f"watchlist-{width}-{scheme}")
