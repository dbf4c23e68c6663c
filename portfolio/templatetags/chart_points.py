"""The points of a chart in words, which its script reads: ``1 Jan 2026|$12.50;`` of each.

In one go, because a chart has hundreds and a loop of the template takes as long as all else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from functools import partial

from django import template

from accounts.templatetags.formats import money, signed_percent
from portfolio.charts import ValuePoint

register = template.Library()


@register.filter
def money_points(points: Iterable[ValuePoint], currency: str) -> str:
    """Amounts in their currency."""
    return worded(points, partial(money, currency=currency))


@register.filter
def percent_points(points: Iterable[ValuePoint]) -> str:
    """Changes in percent, with their signs."""
    return worded(points, signed_percent)


def worded(points: Iterable[ValuePoint], word: Callable[[Decimal], str]) -> str:
    return "".join(f"{point.date.day} {point.date:%b %Y}|{word(point.value)};" for point in points)
