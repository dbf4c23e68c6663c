"""Ways by mail in a real Chromium, on a desk whose mail is files and that confirms addresses.

With ``HOLDFAST_SCREENSHOTS`` naming a folder the pages are also kept there as pictures.
"""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Final

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looks import Check, keep_picture
from tests.support.desk import LiveDesk, wait_until

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(400),
]


PASSWORD: Final = "a-rather-long-pass-phrase"
NEW_PASSWORD: Final = "another-rather-long-pass-phrase"
MAIL_SECONDS: Final = 20


def mails_to(desk: LiveDesk, address: str) -> list[EmailMessage]:
    """The files of messages to an address, oldest first."""
    paths = sorted((desk.data / "mail").glob("*.eml"), key=lambda path: path.stat().st_mtime_ns)
    found = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in paths]
    return [message for message in found if message["To"] == address]


def mailed_link(desk: LiveDesk, address: str, *, nth: int) -> str:
    """The link in the nth message to an address, the first is 1."""
    wait_until(
        lambda: len(mails_to(desk, address)) >= nth,
        seconds=MAIL_SECONDS,
        what=f"message {nth} to {address}",
    )
    (link,) = re.findall(r"http://\S+/accounts/\S+", mails_to(desk, address)[nth - 1].get_content())
    return str(link)


def sign_up(page: Page, desk: LiveDesk, email: str) -> None:
    page.goto(f"{desk.url}/accounts/signup/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password (again)").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign up").click()
    expect(page.get_by_role("heading", name="Confirm your address")).to_be_visible()


def confirm_address(page: Page, desk: LiveDesk, email: str) -> None:
    page.goto(mailed_link(desk, email, nth=1))
    expect(page.get_by_role("main")).to_contain_text(f"Is {email} yours?")


def sign_in(page: Page, desk: LiveDesk, email: str, password: str) -> None:
    page.goto(f"{desk.url}/accounts/login/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("main").get_by_role("button", name="Sign in", exact=True).click()


def test_signing_up_waits_for_the_mailed_link(
    page: Page, desk: LiveDesk, check_accessibility: Check
) -> None:
    email = "gina@example.com"
    sign_up(page, desk, email)
    expect(page.get_by_role("main")).to_contain_text(str(desk.data / "mail"))
    check_accessibility(page)
    keep_picture(page, "confirm-sent")
    page.goto(f"{desk.url}/home")
    expect(page).to_have_url(re.compile("/accounts/login/"))
    confirm_address(page, desk, email)
    check_accessibility(page)
    keep_picture(page, "confirm")
    page.get_by_role("button", name="Yes, confirm").click()
    expect(page.get_by_role("heading", name="Confirm your address")).to_be_hidden()
    sign_in(page, desk, email, PASSWORD)
    page.wait_for_url("**/home")


def test_a_forgotten_password_is_set_anew_by_the_mailed_link(
    page: Page, desk: LiveDesk, check_accessibility: Check
) -> None:
    email = "hugo@example.com"
    sign_up(page, desk, email)
    confirm_address(page, desk, email)
    page.get_by_role("button", name="Yes, confirm").click()
    page.goto(f"{desk.url}/accounts/password/reset/")
    sent = len(mails_to(desk, email))
    page.get_by_label("Email").fill(email)
    page.get_by_role("button", name="Send the link").click()
    expect(page.get_by_role("heading", name="Look into your mail")).to_be_visible()
    check_accessibility(page)
    link = mailed_link(desk, email, nth=sent + 1)
    page.goto(link)
    check_accessibility(page)
    keep_picture(page, "password-anew")
    page.get_by_label("New Password", exact=True).fill(NEW_PASSWORD)
    page.get_by_label("New Password (again)").fill(NEW_PASSWORD)
    page.get_by_role("button", name="Set password").click()
    expect(page.get_by_role("heading", name="Your new password is set")).to_be_visible()
    page.goto(link)
    expect(page.get_by_role("heading", name="The link no longer works")).to_be_visible()
    sign_in(page, desk, email, NEW_PASSWORD)
    page.wait_for_url("**/home")
