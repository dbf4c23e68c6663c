"""A page as investors see it: on a phone, a desk and a wall, in the light and in the dark."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal

from playwright.sync_api import Page

Check = Callable[[Page], None]
Scheme = Literal["light", "dark"]

WIDTHS: Final = (360, 1280, 1440, 2560)
# Between these two the pages do not change their arrangement.
ARRANGEMENTS: Final = (360, 1280)
SCHEMES: Final[tuple[Scheme, ...]] = ("light", "dark")


def go(page: Page, path: str) -> None:
    page.goto(re.sub(r"^(https?://[^/]+).*", r"\1", page.url) + path)


def check_every_look(
    page: Page, path: str, check_accessibility: Check, *, name: str | None = None
) -> None:
    """A visit in each theme; then the window changes, as an investor's does."""
    for scheme in SCHEMES:
        page.emulate_media(reduced_motion="reduce", color_scheme=scheme)
        go(page, path)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            beyond = page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            assert beyond <= 0, f"{path} scrolls sideways by {beyond} at {width} pixels"
            if width in ARRANGEMENTS:
                check_accessibility(page)
                if name is not None:
                    keep_picture(page, f"{name}-{scheme}-{width}")


def keep_picture(page: Page, name: str) -> None:
    """Keep a picture in the folder that HOLDFAST_SCREENSHOTS names, if it names one."""
    if folder := os.environ.get("HOLDFAST_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
