"""Every page that links lead to weighs what it may, for strangers, investors and staff."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looks import go
from tests.browser.weights import weigh_all

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.xdist_group("live_desk"),
    pytest.mark.timeout(300),
]

ENTRANCES = ("/", "/accounts/login/")
OWN = ("/home", "/instruments/MSFT", "/watchlists", "/orders", "/alerts", "/settings")


def test_pages_of_strangers_and_investors_keep_within_their_budgets(onlooker: Page) -> None:
    weights = list(weigh_all(onlooker, (*OWN, *ENTRANCES)))
    assert [words for weight in weights if (words := weight.too_much())] == []
    assert len(weights) > 30


def test_pages_of_staff_keep_within_their_budgets(clerk: Page) -> None:
    weights = list(weigh_all(clerk, ["/operations"], below="/operations"))
    assert [words for weight in weights if (words := weight.too_much())] == []
    assert len(weights) > 8


def test_what_is_out_of_sight_waits_until_it_is_seen(onlooker: Page) -> None:
    fetched: list[str] = []
    onlooker.on("request", lambda request: fetched.append(request.url))
    go(onlooker, "/instruments/MSFT")
    onlooker.wait_for_load_state("networkidle")
    late = ("/js/order-book.", "/js/tape.", "/js/palette.", "/js/chart-reading.", "/css/palette.")
    assert not [url for url in fetched if any(name in url for name in late)]
    onlooker.locator("[data-tape]").scroll_into_view_if_needed()
    expect(onlooker.locator(".ladder__price[data-reach]")).to_have_count(1)
    assert any("/js/tape." in url for url in fetched)
