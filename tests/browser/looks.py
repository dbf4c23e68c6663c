"""A page as investors see it: on a phone, a desk and a wall, in the light and in the dark."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final, Literal, Protocol

from axe_playwright_python.base import AXE_SCRIPT, AxeResults
from playwright.sync_api import Page

Scheme = Literal["light", "dark"]

WIDTHS: Final = (360, 1280, 1440, 2560)
# Between these two the pages do not change their arrangement.
ARRANGEMENTS: Final = (360, 1280)
SCHEMES: Final[tuple[Scheme, ...]] = ("light", "dark")


# The rules of axe that colours decide; all others see the same page in every theme.
COLOUR_RULES: Final = ["color-contrast", "link-in-text-block"]


class Check(Protocol):
    """Fails with every violation found on the page as it is now."""

    def __call__(self, page: Page, *, only_colours: bool = False) -> None: ...


def check_by_axe(page: Page, *, only_colours: bool = False) -> None:
    """See ``Check``."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    options: dict[str, object] = {"resultTypes": ["violations"]}
    if only_colours:
        options["runOnly"] = COLOUR_RULES
    found = AxeResults(page.evaluate("options => axe.run(options)", options))
    assert found.violations_count == 0, f"{page.url}\n{found.generate_report()}"


def go(page: Page, path: str) -> None:
    """To another page of the desk; a blank one begins at the desk of its context."""
    page.goto(origin_of(page) + path)


def origin_of(page: Page) -> str:
    """Scheme, host and port of what it shows; empty while it is blank."""
    found = re.match(r"https?://[^/]+", page.url)
    return found[0] if found else ""


def check_every_look(
    page: Page, path: str, check_accessibility: Check, *, name: str | None = None
) -> None:
    """One visit; then the window changes, and the scheme as when it gets dark outside."""
    page.emulate_media(reduced_motion="reduce", color_scheme=SCHEMES[0])
    go(page, path)
    for scheme in SCHEMES:
        is_first = scheme == SCHEMES[0]
        page.emulate_media(color_scheme=scheme)
        # Colours take no room, so in the second scheme nothing is wider than in the first.
        for width in WIDTHS if is_first else ARRANGEMENTS:
            page.set_viewport_size({"width": width, "height": 900})
            beyond = page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            assert beyond <= 0, f"{path} scrolls sideways by {beyond} at {width} pixels"
            if width in ARRANGEMENTS:
                check_accessibility(page, only_colours=not is_first)
                if name is not None:
                    keep_picture(page, f"{name}-{scheme}-{width}")


def keep_picture(page: Page, name: str) -> None:
    """Keep a picture in the folder that HOLDFAST_SCREENSHOTS names, if it names one."""
    if folder := os.environ.get("HOLDFAST_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
