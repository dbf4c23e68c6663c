"""How a visitor gets in."""

from __future__ import annotations

from typing import Final

from playwright.sync_api import Page

from tests.browser.looks import go

PASSWORD: Final = "a-rather-long-pass-phrase"


def open_the_demo(page: Page) -> None:
    page.get_by_role("button", name="Try the demo").click()
    page.wait_for_url("**/home")


def open_tracked_portfolio(investor: Page, name: str) -> None:
    """To a portfolio for what was traded elsewhere, just opened."""
    go(investor, "/portfolios")
    investor.get_by_label("Name").fill(name)
    investor.get_by_label("Tracked").check()
    investor.get_by_label("Starting cash").fill("")
    investor.get_by_role("button", name="Open portfolio").click()


def sign_in(page: Page, email: str) -> None:
    """From the sign-in page to home."""
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("**/home")
