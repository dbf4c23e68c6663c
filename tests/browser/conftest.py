"""A real Chromium for journeys through a live desk. Anything on its console fails the test."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Final, Protocol

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    expect,
    sync_playwright,
)

from tests.browser.chromium import VIEWPORT, find_chromium, launch
from tests.browser.looks import Check, check_by_axe
from tests.browser.visiting import PASSWORD, open_the_demo, sign_in
from tests.support.desk import LiveDesk
from tests.support.identity_provider import CLIENT_ID, CLIENT_SECRET, IdentityProvider

TIMEOUT_MS: Final = 15_000
expect.set_options(timeout=TIMEOUT_MS)
# Whoever leaves a page before its socket is open is told so; a refused socket says otherwise.
LEFT_EARLY: Final = "WebSocket is closed before the connection is established"
# What an earlier test had the browser remember; the page's own session begins with each page.
FORGET: Final = """
if (!sessionStorage.getItem("forgotten")) {
  localStorage.clear();
  sessionStorage.setItem("forgotten", "yes");
}
"""


class Come(Protocol):
    """Returns a page of somebody who is signed in; the first time he gets in as told."""

    def __call__(self, who: str, get_in: Callable[[Page], None]) -> Page: ...


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


# Playwright keeps an event loop in the thread; the package's end gives it back to other tests.
@pytest.fixture(scope="package")
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


def new_context(browser: Browser, *, base_url: str | None = None) -> BrowserContext:
    context = browser.new_context(viewport=VIEWPORT, base_url=base_url)
    context.set_default_timeout(TIMEOUT_MS)
    return context


@contextmanager
def watched_page(context: BrowserContext, complaints: list[str]) -> Iterator[Page]:
    """A page whose errors, on its console or in its scripts, fail the test."""
    page = context.new_page()

    def note(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and LEFT_EARLY not in message.text:
            complaints.append(f"{message.type}: {message.text} ({message.location})")

    page.on("console", note)
    page.on("pageerror", lambda error: complaints.append(f"page error: {error}"))
    yield page
    page.close()
    assert complaints == []


@pytest.fixture
def page(browser: Browser, complaints: list[str]) -> Iterator[Page]:
    """A page of a fresh visitor."""
    context = new_context(browser)
    with watched_page(context, complaints) as page:
        yield page
    context.close()


@pytest.fixture
def visitor(page: Page, live_desk: LiveDesk) -> Page:
    """Somebody at the front page who has never been here."""
    page.goto(live_desk.url)
    return page


@pytest.fixture
def investor(page: Page, live_desk: LiveDesk) -> Page:
    """A visitor who took the demo."""
    visit_the_demo(live_desk, page)
    return page


@pytest.fixture(scope="package")
def admin_email(live_desk: LiveDesk) -> str:
    email = f"staff-{live_desk.port}@example.com"
    live_desk.manage("create_user", email, "--password", PASSWORD, "--tier", "admin")
    return email


@pytest.fixture(scope="package")
def contexts() -> dict[str, BrowserContext]:
    """By who uses them: where those who come again are known and keep what was loaded once."""
    return {}


@pytest.fixture
def come(
    browser: Browser,
    live_desk: LiveDesk,
    contexts: dict[str, BrowserContext],
    complaints: list[str],
) -> Iterator[Come]:
    """Return what lets in somebody who is the same in all tests; his page may be blank."""
    with ExitStack() as pages:

        def come(who: str, get_in: Callable[[Page], None]) -> Page:
            context = contexts.get(who) or new_context(browser, base_url=live_desk.url)
            page = pages.enter_context(watched_page(context, complaints))
            page.add_init_script(FORGET)
            if who not in contexts:
                get_in(page)
                contexts[who] = context
            return page

        yield come


@pytest.fixture
def admin(page: Page, live_desk: LiveDesk, admin_email: str) -> Page:
    """One of the staff, just signed in, who is asked for his password where that counts."""
    page.goto(f"{live_desk.url}/accounts/login/")
    sign_in(page, admin_email)
    return page


@pytest.fixture
def clerk(come: Come, admin_email: str) -> Page:
    """One of the staff on his way to a page."""

    def get_in(page: Page) -> None:
        page.goto("/accounts/login/")
        sign_in(page, admin_email)

    return come("clerk", get_in)


@pytest.fixture
def looker(come: Come, live_desk: LiveDesk) -> Page:
    """The onlooker on his way to a page."""
    return come("onlooker", partial(visit_the_demo, live_desk))


@pytest.fixture
def onlooker(looker: Page) -> Page:
    """An investor who changes nothing: one for all tests, because making a demo takes long."""
    looker.goto("/home")
    return looker


@pytest.fixture
def regular(come: Come, live_desk: LiveDesk) -> Page:
    """An investor for tests that mind nothing that another one left; one for all of them."""
    page = come("regular", partial(visit_the_demo, live_desk))
    page.goto("/home")
    return page


def visit_the_demo(desk: LiveDesk, page: Page) -> None:
    page.goto(desk.url)
    open_the_demo(page)


@pytest.fixture
def check_accessibility() -> Check:
    """Return a check that fails with every violation axe finds on the page as it is now."""
    return check_by_axe
