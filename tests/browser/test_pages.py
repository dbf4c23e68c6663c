"""Pages in a real Chromium: both themes, a phone and a desktop, live figures, the keyboard."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from tests.browser.looks import Check, check_every_look, go

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(300),
]

ENTRANCES = ("/", "/accounts/login/", "/accounts/signup/", "/accounts/password/reset/")
OWN_PAGES = (
    *("/home", "/portfolios", "/settings", "/settings/api-keys", "/markets/currencies"),
    *("/accounts/email/", "/accounts/password/change/", "/accounts/logout/"),
    *("/settings/sessions", "/settings/notifications", "/settings/look"),
    *("/settings/closing", "/settings/notifications/choices", "/inbox", "/settings/webhooks"),
    "/settings/programs",
    *("/connections", "/connections/new?broker=alpaca", "/live-orders"),
    *("/settings/sharing", "/exports", "/combined?range=max", "/indices"),
    "/combined/explanations/end_value?range=max",
)
PATIENCE_MS = 20_000
STALE_MS = 30_000  # fifteen seconds without a connection, and the next look
PASSWORD = "a-rather-long-pass-phrase"


@pytest.fixture(scope="module")
def portfolios() -> list[str]:
    """Empty until one was looked for."""
    return []


@pytest.fixture
def portfolio(looker: Page, portfolios: list[str]) -> str:
    """The id of the onlooker's."""
    if not portfolios:
        go(looker, "/home")
        found = looker.locator("[data-portfolio]").first.get_attribute("data-portfolio")
        portfolios.append(found or "")
    return portfolios[0]


@pytest.mark.parametrize("path", ENTRANCES)
def test_an_entrance_fits_and_is_accessible(
    visitor: Page, path: str, check_accessibility: Check
) -> None:
    check_every_look(visitor, path, check_accessibility)


@pytest.mark.parametrize("path", OWN_PAGES)
def test_a_page_fits_and_is_accessible(looker: Page, path: str, check_accessibility: Check) -> None:
    check_every_look(looker, path, check_accessibility)


@pytest.mark.parametrize(
    "tab",
    [
        "performance?range=max&benchmark=AAPL",
        "performance/instruments?range=max",
        "positions/AAPL/history?range=max",
        "explanations/twr?range=max",
        "explanations/weight_pct?symbol=AAPL",
        "explanations/value?by=sector&key=cash",
        "activities?kind=buy",
        "activities/new",
        "commission",
        "reset",
        "allocation?by=sector",
        "income",
        "cash",
        "health",
        "xray",
        "realised",
        "sharing",
    ],
)
def test_a_page_of_a_portfolio_fits_and_is_accessible(
    looker: Page, portfolio: str, tab: str, check_accessibility: Check
) -> None:
    check_every_look(looker, f"/portfolios/{portfolio}/{tab}", check_accessibility)


def test_signing_up_leads_to_a_first_portfolio(visitor: Page) -> None:
    visitor.get_by_role("link", name="Sign up").first.click()
    visitor.get_by_label("Email").fill(f"dora-{id(visitor)}@example.com")
    visitor.get_by_label("Password", exact=True).fill(PASSWORD)
    visitor.get_by_label("Password (again)").fill(PASSWORD)
    visitor.get_by_role("main").get_by_role("button", name="Sign up").click()
    visitor.get_by_role("button", name="Open portfolio").click()
    expect(visitor.locator("[data-figure=total_value]")).to_have_text("$100,000.00")


def test_the_board_moves_for_a_stranger(visitor: Page) -> None:
    board = visitor.locator("#board")
    expect(board).not_to_have_text(board.inner_text(), timeout=PATIENCE_MS)


def test_net_worth_follows_the_prices(onlooker: Page) -> None:
    worth = onlooker.locator("[data-figure=total_value]")
    expect(worth).to_have_text(re.compile(r"^\$[\d,]+\.\d\d$"))
    expect(onlooker.locator("[data-connection]")).to_have_attribute("data-state", "live")
    expect(worth).not_to_have_text(worth.inner_text(), timeout=PATIENCE_MS)


def test_prices_that_stopped_look_stopped(onlooker: Page) -> None:
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
    dot, row = onlooker.locator("[data-connection]"), onlooker.locator("tr[data-symbol]").first
    expect(dot).to_have_attribute("data-state", "live")
    expect(row).not_to_have_attribute("data-stale", "")
    is_cut = True
    sockets[-1].close()
    expect(dot).not_to_have_attribute("data-state", "live")
    expect(row).to_have_attribute("data-stale", "", timeout=STALE_MS)
    expect(row.locator(".stale-note")).to_be_visible()


def test_a_theme_stays_chosen(investor: Page) -> None:
    investor.emulate_media(color_scheme="light")
    investor.get_by_role("button", name="Switch between light and dark").click()
    expect(investor.locator("html")).to_have_attribute("data-theme", "dark")
    go(investor, "/settings/look")
    expect(investor.locator("html")).to_have_attribute("data-theme", "dark")
    expect(investor.get_by_role("radio", name="Dark")).to_be_checked()
    assert investor.evaluate("getComputedStyle(document.body).backgroundColor") == (
        "rgb(20, 18, 16)"
    )


def test_the_privacy_eye_blurs_amounts_and_stays(investor: Page) -> None:
    eye = investor.get_by_role("button", name="Hide amounts")
    eye.click()
    expect(eye).to_have_attribute("aria-pressed", "true")
    investor.reload()
    worth = investor.locator(".worth__figure")
    expect(worth).not_to_have_css("filter", "none")
    eye.click()
    expect(worth).to_have_css("filter", "none")


def test_the_palette_finds_by_keyboard(onlooker: Page, check_accessibility: Check) -> None:
    onlooker.keyboard.press("Control+k")
    expect(onlooker.get_by_role("option", name="Orders")).to_be_visible()
    onlooker.keyboard.type("micros")
    expect(onlooker.get_by_role("option", name="MSFT")).to_be_visible()
    check_accessibility(onlooker)
    onlooker.keyboard.press("Enter")
    onlooker.wait_for_url("**/instruments/MSFT")


def test_the_chart_is_read_by_keyboard_and_changes_its_range(onlooker: Page) -> None:
    onlooker.locator("[data-chart-plot]").focus()
    onlooker.keyboard.press("ArrowLeft")
    expect(onlooker.locator("[data-chart-readout]")).to_have_text(re.compile(r"^\$.+ on "))
    onlooker.get_by_role("link", name="5Y").click()
    onlooker.wait_for_url("**range=5y**")
    change = onlooker.locator(".change")
    change.scroll_into_view_if_needed()
    expect(change).to_contain_text("in 5 years")


def test_a_key_is_made_copied_and_revoked(investor: Page) -> None:
    go(investor, "/settings/api-keys")
    investor.get_by_label("Name").fill("Robot")
    investor.get_by_role("button", name="Create key").click()
    expect(investor.locator("#new-key")).to_have_text(re.compile(r"^hf_live_\w+$"))
    investor.get_by_role("button", name="Copy").click()
    go(investor, "/settings/api-keys")
    investor.get_by_role("button", name="Revoke").click()
    investor.get_by_role("dialog").get_by_role("button", name="Yes").click()
    expect(investor.get_by_text("revoked")).to_be_visible()


def test_a_demo_closes_its_account(investor: Page, complaints: list[str]) -> None:
    go(investor, "/settings")
    investor.get_by_role("link", name="Close the account").click()
    investor.get_by_label("Your e-mail address").fill("nobody@example.com")
    investor.get_by_role("button", name="Close the account").click()
    expect(investor.get_by_text("not the address of this account")).to_be_visible()
    assert all("422" in complaint for complaint in complaints)
    complaints.clear()
    go(investor, "/settings")
    email = investor.locator("dt:text-is('E-mail') + dd").inner_text()
    go(investor, "/settings/closing")
    investor.get_by_label("Your e-mail address").fill(email)
    investor.get_by_role("button", name="Close the account").click()
    expect(investor.get_by_text("Your account is closed.")).to_be_visible()
    go(investor, "/home")
    expect(investor).to_have_url(re.compile("/accounts/login/"))
