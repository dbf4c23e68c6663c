"""The chart in a real Chromium: indicators, history, comparison, keyboard, looks.

With ``HOLDFAST_SCREENSHOTS`` naming a folder the pages are also kept there as pictures.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looks import Check, go, keep_picture

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(300),
]

PATIENCE_MS = 20_000
CHART = re.compile(r"/chart\?")


@pytest.fixture
def onlooker(looker: Page) -> Page:
    """One who looks at an instrument."""
    go(looker, "/instruments/MSFT")
    see_the_chart(looker)
    return looker


def see_the_chart(page: Page) -> None:
    expect(page.locator("[data-plot][data-drawn]")).to_be_visible()
    expect(page.locator("[data-candles][aria-busy]")).to_have_count(0)
    expect(page.locator("#ticket")).to_be_visible()


def plotted(page: Page) -> list[str]:
    names: list[str] = page.evaluate(
        "document.querySelector('[data-plot]').data.map(trace => trace.name ?? trace.type)"
    )
    return names


def axis(page: Page, name: str) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate(
        "name => { const {type, range, ticksuffix} ="
        " document.querySelector('[data-plot]').layout[name]; return {type, range, ticksuffix}; }",
        name,
    )
    return found


def choose(page: Page, name: str) -> None:
    with page.expect_response(CHART):
        page.locator(".chart").get_by_role("button", name=name, exact=True).click()
    see_the_chart(page)


def test_indicators_are_chosen_and_remembered(onlooker: Page) -> None:
    for name in ("SMA 20", "Bollinger 20", "RSI 14", "MACD 12, 26, 9"):
        choose(onlooker, name)
    assert {"SMA 20", "Bollinger 20 upper", "RSI 14", "MACD signal"} <= set(plotted(onlooker))
    expect(onlooker.locator("[data-plot]")).to_have_attribute("data-panes", "2")
    expect(onlooker.locator("[data-summary]")).to_contain_text("RSI 14")
    onlooker.reload()
    see_the_chart(onlooker)
    assert "RSI 14" in plotted(onlooker)
    chosen = onlooker.get_by_role("button", name="RSI 14")
    expect(chosen).to_have_attribute("aria-pressed", "true")
    choose(onlooker, "RSI 14")
    assert "RSI 14" not in plotted(onlooker)


def test_moving_to_the_left_loads_older_candles_and_end_returns(onlooker: Page) -> None:
    plot = onlooker.locator("[data-plot]")
    newest = plot.get_attribute("data-first")
    plot.focus()
    with onlooker.expect_response(re.compile(r"/chart\?.*end=\d+")) as answer:
        for _ in range(8):
            onlooker.keyboard.press("PageUp")
    figure = answer.value.json()
    assert figure["has_newer"] is True
    assert len(figure["labels"]) == 500
    see_the_chart(onlooker)
    assert plot.get_attribute("data-first") != newest
    with onlooker.expect_response(CHART):
        onlooker.keyboard.press("End")
    expect(plot).to_have_attribute("data-first", newest or "")


def test_dragging_moves_the_chart(onlooker: Page) -> None:
    plot = onlooker.locator("[data-plot]")
    first = plot.get_attribute("data-first") or ""
    area = plot.bounding_box()
    assert area is not None
    onlooker.mouse.move(area["x"] + 100, area["y"] + 100)
    onlooker.mouse.down()
    onlooker.mouse.move(area["x"] + 400, area["y"] + 100, steps=5)
    onlooker.mouse.up()
    expect(plot).not_to_have_attribute("data-first", first)


def test_arrow_keys_read_candle_by_candle(onlooker: Page) -> None:
    plot, readout = onlooker.locator("[data-plot]"), onlooker.locator("[data-readout]")
    plot.focus()
    onlooker.keyboard.press("ArrowLeft")
    expect(readout).to_contain_text("still open")
    onlooker.keyboard.press("ArrowLeft")
    expect(readout).to_contain_text(re.compile(r"\d{4}, Open .*, Close .*, Volume"))
    expect(plot.locator(".hoverlayer text").first).to_be_attached()
    before = readout.inner_text()
    onlooker.keyboard.press("Shift+ArrowLeft")
    expect(readout).not_to_have_text(before)
    first = plot.get_attribute("data-first") or ""
    onlooker.keyboard.press("-")
    expect(plot).not_to_have_attribute("data-first", first)


def test_a_logarithmic_scale(onlooker: Page) -> None:
    linear = axis(onlooker, "yaxis")["range"]
    choose(onlooker, "Log")
    found = axis(onlooker, "yaxis")
    assert found["type"] == "log"
    assert 10 ** found["range"][0] == pytest.approx(linear[0], rel=0.1)
    close = onlooker.locator("[data-plot]").get_attribute("data-close")
    expect(onlooker.locator("[data-plot]")).not_to_have_attribute(
        "data-close", close or "", timeout=PATIENCE_MS
    )
    keep_picture(onlooker, "chart-log")
    choose(onlooker, "Log")
    assert axis(onlooker, "yaxis")["type"] != "log"


def test_ranges_choose_their_own_candles(onlooker: Page) -> None:
    choose(onlooker, "5Y")
    expect(onlooker.locator("[data-interval='1w']")).to_have_attribute("aria-current", "true")
    start, end = axis(onlooker, "xaxis")["range"]
    assert 200 < end - start < 300
    choose(onlooker, "1D")
    expect(onlooker.locator("[data-interval='5m']")).to_have_attribute("aria-current", "true")


def test_prices_as_traded_are_chosen_for_the_whole_page(onlooker: Page) -> None:
    choose(onlooker, "5Y")
    expect(onlooker.locator("[data-interval='1w']")).to_have_attribute("aria-current", "true")
    with onlooker.expect_response(re.compile(r"/chart\?interval=1w&adjusted=false&")):
        onlooker.get_by_role("link", name="As traded").click()
    expect(onlooker.locator("[data-prices='false']")).to_have_attribute("aria-current", "true")
    expect(onlooker.locator("[data-plot][data-drawn]")).to_be_visible()
    with onlooker.expect_response(re.compile(r"/chart\?interval=1d&adjusted=false&")):
        onlooker.locator("[data-interval='1d']").click()
    assert "adjusted=false" in onlooker.url


def test_several_instruments_are_compared(onlooker: Page, complaints: list[str]) -> None:
    field = onlooker.get_by_label("Compare with these symbols")
    field.fill("KO, aapl")
    with onlooker.expect_response(CHART):
        field.press("Enter")
    see_the_chart(onlooker)
    assert plotted(onlooker) == ["MSFT", "KO", "AAPL"]
    assert axis(onlooker, "yaxis")["ticksuffix"] == "%"
    expect(onlooker.locator("[data-summary]")).to_contain_text("KO from")
    keep_picture(onlooker, "chart-compare")
    field.fill("NOPE")
    field.press("Enter")
    expect(onlooker.locator("[data-note]")).to_contain_text("NOPE")
    complaints.clear()  # the refusal is one to the console
    field.fill("")
    with onlooker.expect_response(CHART):
        field.press("Enter")
    see_the_chart(onlooker)
    assert plotted(onlooker)[0] == "candlestick"


def test_a_fill_is_marked_on_the_chart(investor: Page) -> None:
    go(investor, "/instruments/MSFT")
    see_the_chart(investor)
    investor.locator("#ticket").get_by_text("Market", exact=True).click()
    investor.locator("#ticket [name=size]").fill("2")
    investor.get_by_role("button", name="Review order").click()
    investor.get_by_role("button", name="Buy MSFT").click()
    marks = investor.locator("[data-plot] .scatterlayer path.point")
    expect(marks.first).to_be_attached(timeout=PATIENCE_MS)
    assert "Bought" in plotted(investor)


def test_the_chart_fits_and_is_accessible(onlooker: Page, check_accessibility: Check) -> None:
    onlooker.emulate_media(reduced_motion="reduce")
    for name in ("SMA 20", "EMA 50", "RSI 14", "MACD 12, 26, 9"):
        choose(onlooker, name)
    for width in (360, 1280):
        onlooker.set_viewport_size({"width": width, "height": 900})
        for scheme in ("light", "dark"):
            onlooker.emulate_media(color_scheme=scheme)
            onlooker.reload()
            see_the_chart(onlooker)
            assert onlooker.evaluate("document.documentElement.scrollWidth") <= width
            check_accessibility(onlooker)
            keep_picture(onlooker, f"chart-{width}-{scheme}")
