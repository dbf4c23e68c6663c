"""The open lots beside the chart, in a real Chromium: on every screen, and live as the position."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looks import SCHEMES, Check, check_every_look, go, keep_picture

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(300),
]

PATIENCE_MS = 20_000


def test_lots_fit_every_screen(looker: Page, check_accessibility: Check) -> None:
    check_every_look(looker, "/instruments/AAPL/desk", check_accessibility, name="held-lots")
    expect(looker.get_by_role("group", name="Open lots")).to_be_visible()
    check_every_look(looker, "/instruments/AAPL", check_accessibility)


def test_lots_stand_below_the_position_and_move_with_it(
    onlooker: Page, check_accessibility: Check
) -> None:
    onlooker.emulate_media(reduced_motion="reduce")
    go(onlooker, "/instruments/AAPL")
    lots = onlooker.get_by_role("group", name="Open lots")
    gain = lots.locator("tbody tr").first.locator(".amount").last
    expect(gain).to_have_text(re.compile(r"^[+−]?\$[\d,]+\.\d\d$"))
    # Who reads them with the keyboard stays there while they are fetched again.
    lots.focus()
    expect(gain).not_to_have_text(gain.inner_text(), timeout=PATIENCE_MS)
    expect(lots).to_be_focused()
    check_accessibility(onlooker)
    for scheme in SCHEMES:
        onlooker.emulate_media(color_scheme=scheme)
        for width in (360, 1280):
            onlooker.set_viewport_size({"width": width, "height": 900})
            is_cut = "node => node.scrollWidth > node.clientWidth"
            assert not lots.evaluate(is_cut), f"lots scroll sideways at {width}"
            keep_picture(onlooker, f"instrument-lots-{scheme}-{width}")
    onlooker.get_by_role("link", name=re.compile("lots", re.IGNORECASE)).last.click()
    expect(onlooker.get_by_role("heading", name="Lots of AAPL")).to_be_visible()
