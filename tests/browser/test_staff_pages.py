"""Staff's pages, the activity log and a key's rotation in a real Chromium.

With ``HOLDFAST_SCREENSHOTS`` naming a folder the pages are also kept there as pictures.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looks import Check, check_every_look, go, keep_picture
from tests.browser.visiting import PASSWORD
from tests.support.desk import LiveDesk

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(300),
]

STAFF_PAGES: Final = {
    "operations": "/operations",
    "users": "/operations/users",
    "user-new": "/operations/users/new",
    "instruments": "/operations/instruments",
    "instrument-new": "/operations/instruments/new",
    "instrument-file": "/operations/instruments/file",
    "quarantine": "/operations/quarantine",
    "runs": "/operations/runs",
    "files": "/operations/files",
    "feeds": "/operations/feeds",
    "halts": "/operations/halts",
    "books": "/operations/books",
    "vault": "/operations/vault",
    "proxies": "/operations/proxies",
    "nights": "/operations/exports",
    "all-events": "/operations/audit",
    "own-events": "/settings/audit",
}
PRICES: Final = """symbol,date,open,high,low,close,volume
AAPL,2015-01-12,27,28,26,27,7
AAPL,2015-01-13,27,28,26,27.5,7
"""
INSTRUMENTS: Final = "symbol,name,exchange_mic,currency\nSTAFFCSV,Staff by file,XNAS,USD\n"


@pytest.mark.parametrize("name", STAFF_PAGES)
def test_a_page_of_staff_fits_and_is_accessible(
    clerk: Page, name: str, check_accessibility: Check
) -> None:
    check_every_look(clerk, STAFF_PAGES[name], check_accessibility, name=name)


def test_a_user_is_made_changed_and_signed_out(
    clerk: Page, live_desk: LiveDesk, check_accessibility: Check, complaints: list[str]
) -> None:
    email = f"frieda-{live_desk.port}@example.com"
    go(clerk, "/operations/users/new")
    clerk.get_by_label("E-mail").fill(email)
    clerk.get_by_label("Password").fill("short")
    clerk.get_by_role("main").get_by_role("button", name="Make").click()
    expect(clerk.get_by_text("too short")).to_be_visible()
    check_accessibility(clerk)
    forget_refusal(complaints)
    clerk.get_by_label("Password").fill(PASSWORD)
    clerk.get_by_role("main").get_by_role("button", name="Make").click()
    expect(clerk.get_by_text(f"{email} may sign in.")).to_be_visible()
    path = re.sub(r"^https?://[^/]+", "", clerk.url)
    clerk.get_by_label("Tier").select_option("premium")
    clerk.get_by_role("main").get_by_role("button", name="Save").click()
    expect(clerk.get_by_text("Saved.")).to_be_visible()
    expect(clerk.get_by_label("Tier")).to_have_value("premium")
    check_every_look(clerk, path, check_accessibility, name="user")
    go(clerk, "/operations/users")
    clerk.get_by_label("E-mail or name").fill(email)
    expect(clerk.locator("#users tbody tr")).to_have_count(1)


def test_instruments_are_listed_one_by_one_and_by_file(
    clerk: Page, check_accessibility: Check, complaints: list[str]
) -> None:
    go(clerk, "/operations/instruments/new")
    clerk.get_by_label("Symbol", exact=True).fill("STAFFONE")
    clerk.get_by_label("Name").fill("Staff's own")
    clerk.get_by_label("Exchange").select_option("XNAS")
    clerk.get_by_label("Currency").fill("usd")
    clerk.get_by_role("main").locator("button[type=submit]").last.click()
    clerk.wait_for_url(re.compile(r"/operations/instruments/[0-9a-f-]{36}$"))
    path = re.sub(r"^https?://[^/]+", "", clerk.url)
    check_every_look(clerk, path, check_accessibility, name="instrument")
    go(clerk, "/operations/instruments/file")
    choose_file(clerk, INSTRUMENTS.replace("USD", "dollars"))
    expect(clerk.get_by_role("main")).to_contain_text("currency")
    check_accessibility(clerk)
    keep_picture(clerk, "instrument-file-refused")
    forget_refusal(complaints)
    choose_file(clerk, INSTRUMENTS)
    go(clerk, "/operations/instruments")
    clerk.get_by_label("Symbol, name or ISIN").fill("STAFF")
    expect(clerk.locator("#instruments tbody tr")).to_have_count(2)


def test_a_refused_row_is_found_by_its_run_corrected_and_let_in(
    clerk: Page, check_accessibility: Check, complaints: list[str]
) -> None:
    go(clerk, "/operations/runs")
    clerk.get_by_role("row", name=re.compile("starter_bars")).get_by_role("link", name="1").click()
    clerk.wait_for_url(re.compile(r"/operations/quarantine\?run_id="))
    clerk.locator("#quarantine tbody a").click()
    clerk.wait_for_url(re.compile(r"/operations/quarantine/\d+$"))
    path = re.sub(r"^https?://[^/]+", "", clerk.url)
    check_every_look(clerk, path, check_accessibility, name="quarantined-row")
    clerk.get_by_role("button", name="Release").click()
    expect(clerk.get_by_label("High")).to_have_attribute("aria-invalid", "true")
    forget_refusal(complaints)
    prices = [clerk.get_by_label(name, exact=True).input_value() for name in ("Open", "Close")]
    clerk.get_by_label("High").fill(max(prices, key=Decimal))
    clerk.get_by_role("button", name="Release").click()
    expect(clerk.get_by_text("is stored.")).to_be_visible()
    expect(clerk.get_by_role("button", name="Release")).to_have_count(0)


def test_a_price_file_is_uploaded_and_its_run_says_what_came_of_it(
    clerk: Page, check_accessibility: Check
) -> None:
    go(clerk, "/operations/files")
    file = {"name": "two.csv", "mimeType": "text/csv", "buffer": PRICES.encode()}
    clerk.locator("#prices_file").set_input_files(file)  # type: ignore[arg-type]
    clerk.get_by_role("button", name="Take in").first.click()
    clerk.wait_for_url(re.compile(r"/operations/runs/[0-9a-f-]{36}$"))
    # The page fetches itself until the worker is done.
    expect(clerk.locator("#run .badge").first).to_have_text("Completed", timeout=60_000)
    expect(clerk.locator("#run")).not_to_have_attribute("hx-trigger", "every 1s")
    expect(clerk.get_by_text("Corrected bars")).to_be_visible()
    path = re.sub(r"^https?://[^/]+", "", clerk.url)
    check_every_look(clerk, path, check_accessibility, name="run")
    check_every_look(
        clerk, "/instruments/AAPL/corrections", check_accessibility, name="corrections"
    )


def test_a_rotation_is_asked_for_on_a_page_that_fits(
    admin: Page, check_accessibility: Check
) -> None:
    go(admin, "/settings/api-keys")
    admin.get_by_label("Name").fill("Robot")
    admin.get_by_role("button", name="Create key").click()
    admin.get_by_label("Password").fill(PASSWORD)
    admin.get_by_role("button", name="Confirm").click()
    expect(admin.locator("#new-key")).to_be_visible()
    go(admin, "/settings/api-keys")
    admin.get_by_role("link", name="Rotate").first.click()
    admin.wait_for_url("**/rotation")
    path = re.sub(r"^https?://[^/]+", "", admin.url)
    check_every_look(admin, path, check_accessibility, name="rotation")
    admin.get_by_role("button", name="Rotate").click()
    expect(admin.locator("#new-key")).to_have_text(re.compile(r"^hf_live_\w+$"))


def test_djangos_admin_opens_for_an_administrator(clerk: Page) -> None:
    go(clerk, "/admin/")
    expect(clerk.get_by_role("link", name="Users", exact=True).first).to_be_visible()
    keep_picture(clerk, "django-admin")


def choose_file(page: Page, text: str) -> None:
    file = {"name": "instruments.csv", "mimeType": "text/csv", "buffer": text.encode()}
    page.get_by_label("CSV file").set_input_files(file)  # type: ignore[arg-type]
    page.get_by_role("main").locator("button[type=submit]").last.click()


def forget_refusal(complaints: list[str]) -> None:
    """Chromium notes each answer 422 on its console; the page has shown it already."""
    assert all("422" in complaint for complaint in complaints)
    complaints.clear()
