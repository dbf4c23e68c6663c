"""The latest days of instruments as small lines, kept for whoever looks within the next minute."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.utils.html import format_html, html_safe

from accounts.templatetags.formats import direction
from market.charting.sparklines import sparkline_path
from market.live.live_quotes import prefixed, rest, valkey
from market.series.closes import daily_closes

DAYS: Final = 30  # what every tier sees of the past, and who is not signed in
# The newest price beside a line is live; the line itself moves by less than can be seen.
KEPT_SECONDS: Final = 60

SVG: Final = (
    '<svg class="sparkline {}" viewBox="0 0 96 32" preserveAspectRatio="none" aria-hidden="true">'
    '<path d="{}"/></svg>'
)


@html_safe
@dataclass(frozen=True, slots=True)
class SmallLine:
    """Daily closes as a drawing, which a template writes as it is."""

    path: str = ""  # of an SVG; empty where there is no history
    change: Decimal | None = None  # newest close minus the first drawn

    def __str__(self) -> str:
        if not self.path:
            return ""
        return format_html(SVG, direction(self.change), self.path)


NO_LINE: Final = SmallLine()


def small_lines(instrument_ids: Collection[int], *, at: datetime) -> dict[int, SmallLine]:
    """The lines of the days before ``at``, up to a minute old, of every instrument asked for.

    Two queries for those that nobody has asked for lately. Prices before splits are of shares of
    that moment.
    """
    wanted = list(dict.fromkeys(instrument_ids))
    lines = _kept(wanted)
    if missing := [number for number in wanted if number not in lines]:
        start = at.date() - timedelta(days=DAYS)
        closes = daily_closes(missing, start=start, end=at.date(), comparable_at=at)
        drawn = {
            number: _draw([close for _, close in closes.get(number, ())]) for number in missing
        }
        _keep(drawn)
        lines |= drawn
    return lines


def _draw(closes: Sequence[Decimal]) -> SmallLine:
    if not closes:
        return NO_LINE
    return SmallLine(sparkline_path(closes), closes[-1] - closes[0])


def _kept(instrument_ids: Sequence[int]) -> dict[int, SmallLine]:
    if rest.is_on or not instrument_ids:
        return {}
    lines: dict[int, SmallLine] = {}
    with rest.on_failure("Valkey did not answer, drawing small lines anew"):
        texts: list[Any] = list(valkey().mget([_key(number) for number in instrument_ids]))
        for number, text in zip(instrument_ids, texts, strict=True):
            if text is not None:
                lines[number] = _from_text(text.decode())
    return lines


def _keep(lines: Mapping[int, SmallLine]) -> None:
    if rest.is_on:
        return
    with (
        rest.on_failure("Valkey did not keep small lines"),
        valkey().pipeline(transaction=False) as pipeline,
    ):
        for number, line in lines.items():
            pipeline.set(_key(number), _to_text(line), ex=KEPT_SECONDS)
        pipeline.execute()


def _key(instrument_id: int) -> str:
    return prefixed(f"small-line:{instrument_id}")


def _to_text(line: SmallLine) -> str:
    return "" if line.change is None else f"{line.change} {line.path}"


def _from_text(text: str) -> SmallLine:
    if not text:
        return NO_LINE
    change, _, path = text.partition(" ")
    return SmallLine(path, Decimal(change))
