"""Drawings of a portfolio as SVG paths and labels. Pure.

A drawing is made in its own units, ``WIDTH`` by ``HEIGHT`` with y downwards; the page stretches
it to the room there is. Labels stand at even distances, so the page needs no positions for them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Final

WIDTH: Final = 1000
HEIGHT: Final = 300
STEPS_ALLOWED: Final = (3, 4, 5, 6)  # spaces between the horizontal lines
DATE_LABELS: Final = 5
POINTS_MAXIMUM: Final = 240  # more would not be seen and would weigh on the page
NICE_FRACTIONS: Final = tuple(Decimal(text) for text in ("1", "2", "2.5", "5", "10"))


@dataclass(frozen=True, slots=True)
class ValuePoint:
    """What something was worth at the end of a day, in one currency."""

    date: date
    value: Decimal


@dataclass(frozen=True, slots=True)
class Scale:
    """Round lines from ``bottom`` up, ``step`` apart; ``steps`` of them above the bottom."""

    bottom: Decimal
    step: Decimal
    steps: int

    @property
    def grid_lines(self) -> tuple[int, ...]:
        """The y of each horizontal line, from the top down."""
        return tuple(HEIGHT * index // self.steps for index in range(self.steps + 1))

    @property
    def value_labels(self) -> tuple[Decimal, ...]:
        """What each horizontal line stands for, from the top down."""
        return tuple(self.bottom + self.step * index for index in range(self.steps, -1, -1))

    def y(self, value: Decimal) -> Decimal:
        return HEIGHT - (value - self.bottom) / (self.step * self.steps) * HEIGHT


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A line over days with what stands around it; ``dates`` run from left to right."""

    points: tuple[ValuePoint, ...]
    line_path: str
    scale: Scale
    beside_path: str = ""  # empty where there is nothing to compare with

    @property
    def dates(self) -> tuple[date, ...]:
        return tuple(point.date for point in evenly_chosen(self.points, DATE_LABELS))


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaChart(Chart):
    """The room below the line is filled."""

    area_path: str


def area_chart(points: Sequence[ValuePoint], beside: Sequence[ValuePoint] = ()) -> AreaChart | None:
    """Draw a series of days, ascending; ``None`` where fewer than two have a value.

    Args:
        beside: another series, whose first day is not after that of the points; its values stand
            until the next.
    """
    if len(points) < 2:
        return None
    drawn = thinned(points)
    others = on_days_of(drawn, beside) if beside else []
    values = [point.value for point in (*drawn, *others)]
    scale = nice_scale(min(values), max(values))
    line = even_path(drawn, scale)
    return AreaChart(
        points=tuple(drawn),
        line_path=line,
        scale=scale,
        area_path=f"{line}V{HEIGHT}H0Z",
        beside_path=even_path(others, scale) if others else "",
    )


def on_days_of(points: Sequence[ValuePoint], series: Sequence[ValuePoint]) -> list[ValuePoint]:
    """The newest value of a series, ascending, on each day of the points."""
    days = [one.date for one in series]
    return [
        ValuePoint(point.date, series[bisect_right(days, point.date) - 1].value) for point in points
    ]


def even_path(points: Sequence[ValuePoint], scale: Scale) -> str:
    """A line through points at even distances; a page is lighter without places of their x."""
    last = len(points) - 1
    return path_through(points, (f"{WIDTH * index / last:.0f}" for index in range(last + 1)), scale)


def dated_path(
    points: Sequence[ValuePoint], scale: Scale, *, first_day: date, last_day: date
) -> str:
    """A line through points at the places of their dates; empty for fewer than two points."""
    if len(points) < 2:
        return ""
    days = Decimal((last_day - first_day).days)
    xs = (f"{WIDTH * (point.date - first_day).days / days:.1f}" for point in points)
    return path_through(points, xs, scale)


def path_through(points: Sequence[ValuePoint], xs: Iterable[str], scale: Scale) -> str:
    places = (f"{x} {scale.y(point.value):.1f}" for x, point in zip(xs, points, strict=True))
    return "M" + "L".join(places)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnChart(Chart):
    """Two series in percent over the same days."""

    @property
    def zero_y(self) -> str:
        return f"{self.scale.y(Decimal(0)):.1f}"


def return_chart(
    points: Sequence[ValuePoint], beside: Sequence[ValuePoint] = ()
) -> ReturnChart | None:
    """Draw returns by their dates, another series behind; ``None`` for fewer than two points."""
    if len(points) < 2:
        return None
    drawn, other = thinned(points), thinned(beside)
    values = [point.value for point in (*drawn, *other)] + [Decimal(0)]
    scale = nice_scale(min(values), max(values))
    path = partial(dated_path, scale=scale, first_day=drawn[0].date, last_day=drawn[-1].date)
    return ReturnChart(
        points=tuple(drawn), line_path=path(drawn), scale=scale, beside_path=path(other)
    )


@dataclass(frozen=True, slots=True)
class BarPart:
    """A piece of a bar from its place on the left, in units of the drawing."""

    name: str
    x: str
    width: str


def change_bar(amounts: Mapping[str, Decimal]) -> list[BarPart]:
    """Amounts beside each other, each as wide as it is large: falls to the left, then rises."""
    whole = sum(abs(amount) for amount in amounts.values())
    parts, x = [], Decimal(0)
    for name, amount in sorted(amounts.items(), key=lambda one: one[1] > 0):
        if not amount:
            continue
        width = WIDTH * abs(amount) / whole
        parts.append(BarPart(name, f"{x:.1f}", f"{width:.1f}"))
        x += width
    return parts


def nice_scale(low: Decimal, high: Decimal) -> Scale:
    """The tightest round scale around the values: three to six steps, its bottom a multiple."""
    if low == high:
        margin = abs(low) / 10 or Decimal(1)
        low, high = low - margin, high + margin
    scales = [_scale(low, high, steps) for steps in STEPS_ALLOWED]
    return min(scales, key=lambda scale: (scale.step * scale.steps, scale.steps))


def _scale(low: Decimal, high: Decimal, steps: int) -> Scale:
    step = _nice_at_least((high - low) / steps)
    # A range across a line needs more room than its length alone, so the step may grow.
    while (bottom := _multiple_below(low, step)) + step * steps < high:
        step = _nice_at_least(step * Decimal("1.01"))
    return Scale(bottom, step, steps)


def _multiple_below(number: Decimal, step: Decimal) -> Decimal:
    whole = number // step * step
    return whole - step if whole > number else whole


def thinned(points: Sequence[ValuePoint]) -> list[ValuePoint]:
    """At most 240 of the points, evenly, the first and the last among them."""
    return evenly_chosen(points, POINTS_MAXIMUM)


def evenly_chosen(points: Sequence[ValuePoint], count: int) -> list[ValuePoint]:
    if len(points) <= count:
        return list(points)
    return [points[index * (len(points) - 1) // (count - 1)] for index in range(count)]


def _nice_at_least(number: Decimal) -> Decimal:
    """The smallest of 1, 2, 2.5, 5 times a power of ten that is not below the number."""
    power = Decimal(1).scaleb(number.adjusted())
    return next(power * fraction for fraction in NICE_FRACTIONS if power * fraction >= number)
