"""The journey of somebody who wonders why a return is what it is."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.looks import Check, go

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]


def amounts(found: Locator) -> list[Decimal]:
    words = found.all_inner_texts()
    return [Decimal(re.sub(r"[$,+]", "", one).replace("\u2212", "-")) for one in words]


def test_a_return_is_explained_down_to_the_cent(onlooker: Page, check_accessibility: Check) -> None:
    portfolio = onlooker.locator("[data-portfolio]").first.get_attribute("data-portfolio")
    see_where_the_change_came_from(onlooker)
    compare_the_worth(onlooker)
    drawer = onlooker.get_by_role("dialog", name="How is this computed?")
    onlooker.get_by_role("link", name="How is net worth computed?").click()
    expect(drawer.locator("[data-explained]")).to_have_text(re.compile(r"^\$[\d,]+\.\d\d$"))
    (worth,) = amounts(drawer.locator("[data-explained]"))
    assert sum(amounts(drawer.locator("[data-explained-line]"))) == worth
    drawer.get_by_role("button", name="Close").click()
    expect(drawer).not_to_be_visible()

    go(onlooker, f"/portfolios/{portfolio}/performance?range=max")
    onlooker.get_by_role("link", name="How is Time-weighted computed?").click()
    expect(drawer.locator("[data-explanation=twr]")).to_be_visible()
    growth = 1.0
    for text in drawer.locator("[data-explained-line]").all_inner_texts():
        growth *= 1 + float(text.replace("\u2212", "-").rstrip("%").replace(",", "")) / 100
    shown = drawer.locator("[data-explained]").inner_text()
    told = float(shown.replace("\u2212", "-").rstrip("%").replace(",", ""))
    # Each line is rounded to a hundredth of a percent.
    assert abs((growth - 1) * 100 - told) < 0.5
    check_accessibility(onlooker)
    onlooker.keyboard.press("Escape")

    onlooker.get_by_role("link", name="How is Change of gains not realised computed?").click()
    expect(drawer.locator("[data-explanation=unrealised_gain]")).to_be_visible()
    (change,) = amounts(drawer.locator("[data-explained]"))
    assert sum(amounts(drawer.locator("[data-explained-line]"))) == change


def test_a_position_is_explained_figure_by_figure(
    onlooker: Page, check_accessibility: Check
) -> None:
    portfolio = onlooker.locator("[data-portfolio]").first.get_attribute("data-portfolio")
    go(onlooker, f"/portfolios/{portfolio}/positions/AAPL/history?range=max")
    drawer = onlooker.get_by_role("dialog", name="How is this computed?")
    onlooker.get_by_role("link", name="How is cost computed?").click()
    expect(drawer.locator("[data-explanation=cost]")).to_be_visible()
    (cost,) = amounts(drawer.locator("[data-explained]"))
    assert sum(amounts(drawer.locator("[data-explained-line]"))) == cost
    drawer.get_by_role("link", name="Weight", exact=True).click()
    expect(drawer.locator("[data-explanation=weight_pct]")).to_be_visible()
    check_accessibility(onlooker)
    assert onlooker.url.endswith("/positions/AAPL/history?range=max")


def see_where_the_change_came_from(page: Page) -> None:
    page.get_by_role("link", name="1W", exact=True).click()
    change = page.locator(".change")
    expect(change).to_contain_text("gained in 1 week")
    start, *parts, end = amounts(change.locator("dd"))
    assert start + sum(parts) == end


def compare_the_worth(page: Page) -> None:
    page.get_by_text("Compare with…").click()
    page.get_by_label("Compare with", exact=True).fill("KO")
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(page.locator(".chart__beside")).to_have_count(1)
    page.get_by_role("link", name="1M", exact=True).click()
    expect(page.locator(".change")).to_contain_text("gained in 1 month")
    page.reload()
    expect(page.locator(".chart__beside")).to_have_count(1)
    page.get_by_role("link", name="Without KO").click()
    expect(page.locator(".chart__beside")).to_have_count(0)
