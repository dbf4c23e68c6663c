"""The newest candle moving ten times a second, by two shapes of the layout or by ``Plotly.react``.

The figure is the one the desk draws, the moving is the page's own module, in headless Chromium.
Script time is what the walk's own calls take on the main thread; the frames drawn are counted
while it walks.
"""

from __future__ import annotations

import functools
import json
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Page, sync_playwright

from bench.harness import Options, Report, alternate, peak_memory_mib
from market.charting.chart_style import ChartStyle
from market.charting.charts import candlestick_figure
from market.values import BarValue, Interval
from tests.browser.chromium import VIEWPORT, find_chromium, launch

SIZES: Final = (500, 5_000)
EVERY_MS: Final = 100
SECONDS: Final = 5
ROOT: Final = Path(__file__).resolve().parent.parent
BEGINS_AT: Final = datetime(2026, 1, 5, tzinfo=UTC)


def run(options: Options) -> Report:
    """Walk one candle both ways, each round.

    Raises:
        FileNotFoundError: there is no Chromium here.
    """
    program = find_chromium()
    if program is None:
        raise FileNotFoundError("There is no Chromium here; see .ci/chromium.")
    report = Report("live_candle", options.seed, options.rounds)
    with file_server() as address, sync_playwright() as playwright:
        browser = launch(playwright, program)
        page = browser.new_page(viewport=VIEWPORT)
        open_bench(page, address)
        for count in SIZES:
            measure(page, count, options, report)
        browser.close()
    report.memory_mib = peak_memory_mib()
    return report


def measure(page: Page, count: int, options: Options, report: Report) -> None:
    chance = random.Random(options.seed + count)
    bars = random_bars(count, chance)
    style = ChartStyle(interval=Interval.MINUTE, exchange_zone=UTC, viewer_zone=UTC)
    figure = candlestick_figure(bars, style)
    steps = max(10, round(SECONDS * 1_000 / EVERY_MS * options.scale))
    last = float(bars[-1].close)
    closes = [round(last * (1 + chance.uniform(-0.001, 0.001)), 2) for _ in range(steps)]
    rates: list[float] = []

    def walk(way: str) -> float:
        page.evaluate("figure => window.live_candle.show(figure)", figure)
        walked = page.evaluate(
            "([way, closes, every]) => window.live_candle.walk(way, closes, every)",
            [way, closes, EVERY_MS],
        )
        if way == "shapes":
            rates.append(walked["frames"] / walked["lasted"] * 1_000)
        return float(walked["spent"] / steps)

    found = alternate(
        options.rounds,
        {way: functools.partial(walk, way) for way in ("shapes", "react")},
    )
    report.add(
        f"script time a move, {count} candles",
        unit="ms",
        ours=found["shapes"],
        limit=found["react"],
        at_most=0.01 if count == max(SIZES) else None,
    )
    report.add(f"frames while moving, {count} candles", unit="a second", ours=rates, at_least=55)


def random_bars(count: int, chance: random.Random) -> list[BarValue]:
    """A walk of minutes around 100."""
    bars, price = [], 100.0
    for number in range(count):
        closed = price * (1 + chance.gauss(0, 0.001))
        low, high = min(price, closed) * 0.9995, max(price, closed) * 1.0005
        bars.append(
            BarValue(
                opened_at=BEGINS_AT + timedelta(minutes=number),
                open=cents(price),
                high=cents(high),
                low=cents(low),
                close=cents(closed),
                volume=Decimal(chance.randint(1, 1_000)),
                vwap=None,
                count=None,
                source="bench",
            )
        )
        price = closed
    return bars


def cents(value: float) -> Decimal:
    return Decimal(f"{value:.2f}")


def open_bench(page: Page, address: str) -> None:
    """The empty page with Plotly, and the modules under the names that pages use."""
    names = {f"holdfast/{path.stem}": f"/static/js/{path.name}" for path in scripts()}
    page.goto(f"{address}/bench/live_candle.html")
    plotly = next((ROOT / "static" / "vendor").glob("plotly-finance-*.min.js"))
    page.add_script_tag(url=f"/static/vendor/{plotly.name}")
    page.add_script_tag(content=json.dumps({"imports": names}), type="importmap")
    page.evaluate(
        "async () => { window.live_candle = await import('/bench/live_candle.js'); }",
    )


def scripts() -> list[Path]:
    return sorted((ROOT / "static" / "js").glob("*.js"))


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves the project's files and says nothing of it."""

    def log_message(self, *args: Any) -> None:
        del args


@contextmanager
def file_server() -> Iterator[str]:
    """The address at which the project's files can be had meanwhile."""
    handler = functools.partial(QuietHandler, directory=str(ROOT))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
