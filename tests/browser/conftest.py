"""A real Chromium for journeys through a live desk. Anything on its console fails the test."""

from collections.abc import Callable, Iterator
from typing import Final, cast

import pytest
from playwright._impl._api_structures import SetCookieParam
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from tests.browser.chromium import VIEWPORT, find_chromium, launch
from tests.browser.looks import Check, check_by_axe
from tests.browser.visiting import PASSWORD, open_the_demo, sign_in
from tests.support.desk import LiveDesk
from tests.support.identity_provider import CLIENT_ID, CLIENT_SECRET, IdentityProvider

TIMEOUT_MS: Final = 15_000


@pytest.fixture(scope="package")
def idp() -> Iterator[IdentityProvider]:
    """Where one may sign in instead."""
    with IdentityProvider() as provider:
        yield provider


@pytest.fixture(scope="package")
def live_desk(make_live_desk: Callable[..., LiveDesk], idp: IdentityProvider) -> Iterator[LiveDesk]:
    """A running desk with the sample and the demo login, shared by the journeys."""
    desk = make_live_desk(
        OIDC_URL=idp.url,
        OIDC_CLIENT_ID=CLIENT_ID,
        OIDC_CLIENT_SECRET=CLIENT_SECRET,
        OIDC_NAME="Keyring",
    )
    desk.start()
    yield desk
    desk.stop()


# Playwright keeps an event loop in the thread; a module's end gives it back to the other tests.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = find_chromium()
    if program is None:
        pytest.skip("There is no Chromium here; see .ci/chromium.")
    with sync_playwright() as playwright:
        browser = launch(playwright, program)
        yield browser
        browser.close()


@pytest.fixture
def complaints() -> list[str]:
    """What the browser complained about; empty it where a test provokes something."""
    return []


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport=VIEWPORT)
    context.set_default_timeout(TIMEOUT_MS)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, complaints: list[str]) -> Iterator[Page]:
    """A page of a fresh visitor; errors on its console or in its scripts fail the test."""
    page = context.new_page()

    def note(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            complaints.append(f"{message.type}: {message.text} ({message.location})")

    page.on("console", note)
    page.on("pageerror", lambda error: complaints.append(f"page error: {error}"))
    yield page
    assert complaints == []


@pytest.fixture
def visitor(page: Page, live_desk: LiveDesk) -> Page:
    """Somebody at the front page who has never been here."""
    page.goto(live_desk.url)
    return page


@pytest.fixture
def investor(visitor: Page) -> Page:
    """A visitor who took the demo."""
    open_the_demo(visitor)
    return visitor


@pytest.fixture(scope="package")
def admin_email(live_desk: LiveDesk) -> str:
    email = f"staff-{live_desk.port}@example.com"
    live_desk.manage("create_user", email, "--password", PASSWORD, "--tier", "admin")
    return email


@pytest.fixture
def admin(page: Page, live_desk: LiveDesk, admin_email: str) -> Page:
    """One of the staff, signed in."""
    page.goto(f"{live_desk.url}/accounts/login/")
    sign_in(page, admin_email)
    return page


@pytest.fixture(scope="package")
def cookies_of_onlooker() -> list[SetCookieParam]:
    """Empty until there is one."""
    return []


@pytest.fixture
def onlooker(page: Page, live_desk: LiveDesk, cookies_of_onlooker: list[SetCookieParam]) -> Page:
    """An investor who changes nothing: one for all tests, because making a demo takes long."""
    if cookies_of_onlooker:
        page.context.add_cookies(cookies_of_onlooker)
        page.goto(f"{live_desk.url}/home")
    else:
        page.goto(live_desk.url)
        open_the_demo(page)
        cookies_of_onlooker.extend(cast("list[SetCookieParam]", page.context.cookies()))
    return page


@pytest.fixture
def check_accessibility() -> Check:
    """Return a check that fails with every violation axe finds on the page as it is now."""
    return check_by_axe
