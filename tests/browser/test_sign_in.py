"""Signing in with codes and passkeys in a real Chromium, whose authenticator is a virtual one."""

from __future__ import annotations

import re
import time
from itertools import count
from typing import Final

import pytest
from allauth.mfa.totp.internal import auth
from playwright.sync_api import CDPSession, Page, expect

from tests.browser.looks import Check, check_every_look, go
from tests.support.desk import LiveDesk

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(300),
]

PASSWORD: Final = "a-rather-long-pass-phrase"
PERIOD_SECONDS: Final = 30
SECURITY: Final = "/accounts/2fa/"
_numbers = count(1)


@pytest.fixture
def email(live_desk: LiveDesk) -> str:
    return f"erin{next(_numbers)}-{live_desk.port}@example.com"


@pytest.fixture
def investor(page: Page, live_desk: LiveDesk, email: str) -> Page:
    """Somebody who signed up with a password, on the name that passkeys need."""
    page.goto(f"http://localhost:{live_desk.port}/accounts/signup/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password (again)").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign up").click()
    page.wait_for_url("**/home")
    return page


def confirm(page: Page) -> None:
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()


def sign_out(page: Page) -> None:
    page.get_by_role("button", name="Your menu").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(re.compile(r"/$"))


def give_password(page: Page, email: str) -> None:
    go(page, "/accounts/login/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in", exact=True).click()


def current_code(secret: str) -> str:
    return str(auth.format_hotp_value(auth.hotp_value(secret, int(time.time()) // PERIOD_SECONDS)))


def plug_in_authenticator(page: Page) -> CDPSession:
    """Give the browser a device that holds passkeys and always says yes."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return session


def test_an_authenticator_app_from_on_to_off(
    investor: Page, email: str, check_accessibility: Check
) -> None:
    go(investor, SECURITY)
    investor.get_by_role("link", name="Turn on").click()
    check_accessibility(investor)
    confirm(investor)
    secret = investor.locator("#totp-secret").inner_text()
    check_accessibility(investor)
    investor.get_by_label("Authenticator code").fill(current_code(secret))
    investor.get_by_role("button", name="Turn on").click()
    expect(investor.get_by_role("heading", name="Recovery codes")).to_be_visible()
    recovery_code = investor.locator("#recovery-codes code").first.inner_text()
    check_accessibility(investor)
    sign_out(investor)
    give_password(investor, email)
    expect(investor.get_by_role("heading", name="Second step")).to_be_visible()
    check_accessibility(investor)
    investor.get_by_label("Code").fill("000000")
    investor.get_by_role("button", name="Sign in").click()
    expect(investor.get_by_text("Incorrect code")).to_be_visible()
    investor.get_by_label("Code").fill(recovery_code)
    investor.get_by_role("button", name="Sign in").click()
    investor.wait_for_url("**/home")
    go(investor, SECURITY)
    expect(investor.get_by_text("9 of 10 left")).to_be_visible()
    check_accessibility(investor)
    investor.get_by_role("link", name="Turn off").click()
    confirm(investor)
    investor.get_by_role("button", name="Turn off").click()
    expect(investor.get_by_role("link", name="Turn on")).to_be_visible()


def test_a_passkey_from_added_to_removed(
    investor: Page, email: str, check_accessibility: Check
) -> None:
    plug_in_authenticator(investor)
    go(investor, SECURITY)
    investor.get_by_role("link", name="Add a passkey").click()
    confirm(investor)
    check_accessibility(investor)
    investor.get_by_label("Name").fill("Laptop")
    investor.get_by_role("button", name="Add passkey").click()
    expect(investor.get_by_role("heading", name="Recovery codes")).to_be_visible()
    sign_out(investor)
    go(investor, "/accounts/login/")
    investor.get_by_role("button", name="Sign in with a passkey").click()
    investor.wait_for_url("**/home")
    sign_out(investor)
    give_password(investor, email)
    investor.get_by_role("button", name="Use a passkey").click()
    investor.wait_for_url("**/home")
    go(investor, SECURITY)
    check_accessibility(investor)
    investor.get_by_role("link", name="Remove Laptop").click()
    investor.get_by_role("link", name="Use a passkey").click()
    check_accessibility(investor)
    investor.get_by_role("button", name="Use a passkey").click()
    investor.get_by_role("button", name="Remove").click()
    expect(investor.get_by_text("No passkeys yet")).to_be_visible()


def test_a_refusing_device_is_explained(investor: Page) -> None:
    session = plug_in_authenticator(investor)
    session.send("WebAuthn.disable")
    investor.add_init_script(
        "CredentialsContainer.prototype.get = () =>"
        " Promise.reject(new DOMException('no', 'NotAllowedError'))"
    )
    sign_out(investor)
    go(investor, "/accounts/login/")
    investor.get_by_role("button", name="Sign in with a passkey").click()
    expect(investor.get_by_role("alert")).to_have_text(re.compile("Nothing was confirmed"))


def test_the_security_page_fits_and_is_accessible(
    investor: Page, check_accessibility: Check
) -> None:
    check_every_look(investor, SECURITY, check_accessibility)
