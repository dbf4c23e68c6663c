"""The Chromium of this machine, without a window and without calls home."""

from __future__ import annotations

import shutil
from typing import Final

from playwright.sync_api import Browser, Playwright, ViewportSize

FLAGS: Final = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--disable-dev-shm-usage",
)
NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
VIEWPORT: Final[ViewportSize] = {"width": 1280, "height": 900}


def find_chromium() -> str | None:
    """Return the program's path; ``None`` where there is none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def launch(playwright: Playwright, program: str) -> Browser:
    return playwright.chromium.launch(executable_path=program, args=list(FLAGS), headless=True)
