"""A page with more instruments than the tier has live at once, in a real Chromium."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Page, Route, WebSocketRoute, expect

from tests.browser.looks import Check, go

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.xdist_group("live_desk"),
    pytest.mark.timeout(300),
]

LIMIT = 4
NOTE = f"Prices of {LIMIT} instruments at a time are live"
TOLD = re.compile(r'data-symbols="\d+"')
SAID = re.compile(r"Prices of \d+ instruments")


class PriceSocket:
    """What the page asks of the price server, which never answers, over its newest connection."""

    def __init__(self, page: Page) -> None:
        self.routes: list[WebSocketRoute] = []
        self.symbols: set[str] = set()
        self.most = 0
        page.route_web_socket("**/ws/v1/quotes", self._open)

    def _open(self, route: WebSocketRoute) -> None:
        # The page before may have come to its own connection as late as this.
        self.routes.append(route)
        self.symbols, self.most = set(), 0
        route.on_message(lambda text: self._note(route, json.loads(text)))

    def _note(self, route: WebSocketRoute, message: dict[str, list[str]]) -> None:
        if route is not self.routes[-1]:
            return
        self.symbols -= set(message.get("unsubscribe", ()))
        self.symbols |= set(message.get("subscribe", ()))
        self.most = max(self.most, len(self.symbols))


def lessen(route: Route) -> None:
    """The page as it is for a tier with few symbols."""
    answer = route.fetch()
    text = TOLD.sub(f'data-symbols="{LIMIT}"', answer.text())
    route.fulfill(response=answer, body=SAID.sub(f"Prices of {LIMIT} instruments", text))


@pytest.fixture
def prices(onlooker: Page) -> PriceSocket:
    onlooker.route("**/instruments", lessen)
    return PriceSocket(onlooker)


def rows_in_sight(page: Page) -> set[str]:
    found: list[str] = page.evaluate(
        "[...document.querySelectorAll('[data-symbol]')].filter(row => {"
        "const {top, bottom} = row.getBoundingClientRect();"
        "return top >= 0 && bottom <= innerHeight}).map(row => row.dataset.symbol)"
    )
    return set(found)


def test_as_many_as_the_tier_has_are_live_and_the_rest_said_not_to_be(
    onlooker: Page, prices: PriceSocket, check_accessibility: Check
) -> None:
    go(onlooker, "/instruments")
    expect(onlooker.get_by_text(NOTE)).to_be_visible()
    rows = onlooker.locator("[data-symbol]")
    shown = rows.evaluate_all("rows => rows.map(row => row.dataset.symbol)")
    assert prices.symbols == set(shown[:LIMIT])
    expect(rows.nth(LIMIT)).to_have_attribute("data-stale", "")
    expect(onlooker.locator("[data-connection]")).to_have_attribute("data-state", "live")
    check_accessibility(onlooker)


def test_what_comes_into_sight_is_live_instead(onlooker: Page, prices: PriceSocket) -> None:
    onlooker.set_viewport_size({"width": 1280, "height": 500})
    go(onlooker, "/instruments")
    expect(onlooker.get_by_text(NOTE)).to_be_visible()
    first = set(prices.symbols)
    with onlooker.expect_event("console", predicate=lambda said: said.text == "asked anew"):
        onlooker.evaluate(
            "addEventListener('scroll', () => setTimeout(() => console.info('asked anew'), 600),"
            " {once: true}); document.querySelector('tbody tr:last-child').scrollIntoView()"
        )
    assert len(prices.symbols) == LIMIT == prices.most
    assert not prices.symbols & first
    assert prices.symbols & rows_in_sight(onlooker)


def test_a_page_within_its_tier_says_nothing(onlooker: Page) -> None:
    go(onlooker, "/instruments")
    expect(onlooker.locator("[data-connection]")).to_have_attribute("data-state", "live")
    expect(onlooker.locator("[data-live-note]")).to_be_hidden()


def test_who_is_closed_for_too_many_symbols_reads_why(onlooker: Page, prices: PriceSocket) -> None:
    go(onlooker, "/instruments")
    expect(onlooker.get_by_text(NOTE)).to_be_visible()
    prices.routes[-1].close(code=4413, reason="the standard tier includes 3 symbols")
    said = "Prices are not live: the standard tier includes 3 symbols."
    expect(onlooker.get_by_text(said)).to_be_visible()
