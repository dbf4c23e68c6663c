"""Every page of the demo in headless Chromium, each with a cold cache, against its budget.

The desk runs as ``manage.py up`` does, on data of its own. A page is one of each route that links
lead to; sizes are before compression and of our own files. Interaction is ready once the modules
have run and no long task follows while the page still loads.
"""

from __future__ import annotations

import os
import statistics
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import django
from playwright.sync_api import Browser, BrowserContext, Page, StorageState, sync_playwright

from bench.harness import Options, Report, peak_memory_mib
from tests.browser.chromium import VIEWPORT, find_chromium, launch
from tests.browser.visiting import open_the_demo
from tests.browser.weights import (
    FIRST_PAINT_MS,
    MOST_HTML,
    MOST_SCRIPT,
    MOST_STYLE,
    READY_MS,
    Weight,
    prepare,
    weigh,
    weigh_all,
)
from tests.support.desk import LiveDesk

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def run(options: Options) -> Report:
    """Visit every page once a round.

    Raises:
        FileNotFoundError: there is no Chromium here.
    """
    program = find_chromium()
    if program is None:
        raise FileNotFoundError("There is no Chromium here; see .ci/chromium.")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    with tempfile.TemporaryDirectory(prefix="holdfast-pages-") as folder:
        Path(folder).chmod(0o711)
        desk = LiveDesk(Path(folder) / "data")
        desk.start()
        try:
            with sync_playwright() as playwright:
                visits = visit(launch(playwright, program), desk.url, rounds=options.rounds)
        finally:
            desk.stop()
    return report_of(visits, options)


def visit(browser: Browser, url: str, *, rounds: int) -> dict[str, list[Weight]]:
    """Each page's weights, one a round; which pages there are is found out first."""
    context = browser.new_context(viewport=VIEWPORT)
    page = context.new_page()
    page.goto(url)
    open_the_demo(page)
    paths = [weight.path for weight in weigh_all(page, ["/home", "/instruments/MSFT"])]
    who = context.storage_state()
    visits: dict[str, list[Weight]] = defaultdict(list)
    for _ in range(rounds):
        for path in paths:
            visits[path].append(weigh_cold(browser, url, path, who))
    browser.close()
    return visits


def weigh_cold(browser: Browser, url: str, path: str, who: StorageState) -> Weight:
    context = browser.new_context(viewport=VIEWPORT, storage_state=who)
    try:
        return weigh(at_the_door(context, url), path)
    finally:
        context.close()


def at_the_door(context: BrowserContext, url: str) -> Page:
    """A page of that site that has fetched nothing of it but a text."""
    page = context.new_page()
    prepare(page)
    page.goto(f"{url}/api/v1/health/live")
    return page


def report_of(visits: Mapping[str, Sequence[Weight]], options: Options) -> Report:
    report = Report("page", options.seed, options.rounds, memory_mib=peak_memory_mib())
    budgets = {
        "html": ("bytes", MOST_HTML),
        "style": ("bytes", MOST_STYLE),
        "script": ("bytes", MOST_SCRIPT),
        "first_paint_ms": ("ms", FIRST_PAINT_MS),
        "ready_ms": ("ms", READY_MS),
    }
    for name, (unit, most) in budgets.items():
        medians = {path: median_of(weights, name) for path, weights in visits.items()}
        worst = max(medians, key=lambda path: medians[path])
        report.add(f"{name}, worst of all pages", unit=unit, ours=[medians[worst]], at_most=most)
        over = [path for path in medians if medians[path] > most]
        report.notes.append(f"{name}: worst {worst}; {len(over)} of {len(visits)} over")
        middle = statistics.median(medians.values())
        report.add(f"{name}, middle page", unit=unit, ours=[middle])
    return report


def median_of(weights: Sequence[Weight], name: str) -> float:
    found: list[float | None] = [getattr(weight, name) for weight in weights]
    return statistics.median(value for value in found if value is not None)
