"""What pages weigh and how soon they can be used, as the browser itself has it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from django.urls import Resolver404, resolve
from playwright.sync_api import Page

from tests.browser.looks import origin_of

# Both before compression; a byte more is too much (UI budgets of docs/pages.md).
MOST_HTML: Final = 60_000
MOST_STYLE: Final = 40_000
MOST_SCRIPT: Final = 40_000
FIRST_PAINT_MS: Final = 800
READY_MS: Final = 1_500
# Django's own, of libraries, or no pages.
OTHERS: Final = re.compile(r"^/(admin|static|media|api)/|[?&]format=")
WEIGH: Final = """
() => {
  const [page] = performance.getEntriesByType("navigation");
  const weights = {html: page.decodedBodySize, style: 0, script: 0};
  for (const one of performance.getEntriesByType("resource")) {
    const kind = /[/]static[/](css|js)[/]/.exec(one.name)?.[1];
    if (kind) weights[{css: "style", js: "script"}[kind]] += one.decodedBodySize;
  }
  const paint = performance.getEntriesByName("first-contentful-paint")[0];
  weights.first_paint_ms = paint ? paint.startTime : null;
  weights.ready_ms = Math.max(page.domContentLoadedEventEnd, ...window.longTaskEnds);
  return weights;
}
"""
# Interaction is ready once the modules have run and no long task follows.
NOTE_LONG_TASKS: Final = """
window.longTaskEnds = [];
new PerformanceObserver((list) => {
  for (const task of list.getEntries()) window.longTaskEnds.push(task.startTime + task.duration);
}).observe({type: "longtask", buffered: true});
"""


@dataclass(frozen=True, slots=True)
class Weight:
    """One visit: bytes before compression, times since it was begun."""

    path: str
    html: int
    style: int  # our own, without libraries
    script: int  # our own, without libraries, until the network is idle and nothing was touched
    first_paint_ms: float | None  # None where nothing was painted
    ready_ms: float

    def too_much(self) -> str:
        """What is over the budget, in words; empty where nothing is."""
        found = {
            "html": (self.html, MOST_HTML),
            "style": (self.style, MOST_STYLE),
            "script": (self.script, MOST_SCRIPT),
        }
        over = [f"{name} {has:,}" for name, (has, most) in found.items() if has > most]
        return f"{self.path}: {', '.join(over)} bytes" if over else ""


def weigh(page: Page, path: str) -> Weight:
    """Visit a page and wait until it asks for nothing more. See also ``prepare``."""
    page.goto(origin_of(page) + path, wait_until="networkidle")
    return Weight(path=path, **page.evaluate(WEIGH))


def prepare(page: Page) -> None:
    """Have the page note its long tasks; once, before it is weighed."""
    page.add_init_script(NOTE_LONG_TASKS)


def weigh_all(page: Page, starts: Sequence[str], *, below: str = "/") -> Iterator[Weight]:
    """Weigh one page of each route that links lead to, beginning with these paths.

    Only pages whose path begins with ``below`` count.
    """
    prepare(page)
    waiting = list(starts)
    seen: set[str] = set()
    while waiting:
        path = waiting.pop(0)
        route = route_of(path)
        if route is None or route in seen or not path.startswith(below):
            continue
        seen.add(route)
        if not is_page(page, path):
            continue
        yield weigh(page, path)
        waiting += links_of(page)


def route_of(path: str) -> str | None:
    """The pattern that serves the path; ``None`` where it is no page of ours."""
    if OTHERS.search(path):
        return None
    try:
        return resolve(path.partition("?")[0]).route
    except Resolver404:
        return None


def is_page(page: Page, path: str) -> bool:
    """Whether a whole page answers there, no file, fragment or redirection."""
    answer = page.request.get(origin_of(page) + path, max_redirects=0)
    is_html = answer.headers.get("content-type", "").startswith("text/html")
    return answer.status == 200 and is_html and "<html" in answer.text()


def links_of(page: Page) -> list[str]:
    """Where links of the page lead on this site, hidden ones of menus too."""
    found: list[str] = page.evaluate(
        "[...document.querySelectorAll('a[href]:not([download])')]"
        ".filter(a => a.origin === location.origin).map(a => a.pathname + a.search)"
    )
    return list(dict.fromkeys(found))
