"""Of which portfolios the sockets of one page tell."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from django.conf import settings

Shown = TypeVar("Shown")


def heard_of(shown: Iterable[Shown], *, is_busy: Callable[[Shown], bool]) -> list[Shown]:
    """As many as a page may have sockets for, in their order, the busy ones first."""
    most: int = settings.LIMITS.portfolio_sockets_per_page
    return sorted(shown, key=lambda one: not is_busy(one))[:most]
