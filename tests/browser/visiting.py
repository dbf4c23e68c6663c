"""How a visitor gets in."""

from __future__ import annotations

from playwright.sync_api import Page


def open_the_demo(page: Page) -> None:
    page.get_by_role("button", name="Try the demo").click()
    page.wait_for_url("**/home")
