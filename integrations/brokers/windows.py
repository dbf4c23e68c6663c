"""Histories that are told by days: read a window at a time, the newest first. Pure.

What a window tells comes at once and is handed on in pages. A place in a history is its window
and the latest thing that was read of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from trading.broker_errors import BadBrokerAnswer
from trading.brokers import ActivityPage, BrokerActivity

LENGTH: Final = timedelta(days=364)
PAGE_ITEMS: Final = 100


@dataclass(frozen=True, slots=True)
class Window:
    """Days, both included."""

    first: date
    last: date

    def __str__(self) -> str:
        return f"{self.first:%Y%m%d}-{self.last:%Y%m%d}"

    def before(self, floor: date) -> Window | None:
        """The one that ends the day before this begins, not reaching below the floor."""
        last = self.first - timedelta(days=1)
        return window_to(last, floor) if last >= floor else None


def window_to(last: date, floor: date) -> Window:
    """A year at most."""
    return Window(max(min(floor, last), last - LENGTH), last)


def read_place(text: str) -> tuple[Window, str]:
    """The window, and the id after which it goes on; empty where nothing of it was read.

    Raises:
        BadBrokerAnswer: it was not written by ``pages``.
    """
    days, _, after = text.partition("|")
    first, _, last = days.partition("-")
    try:
        return Window(date.fromisoformat(first), date.fromisoformat(last)), after
    except ValueError as error:
        raise BadBrokerAnswer(f"{text[:40]!r} is no place in a history.") from error


def pages(
    found: Sequence[BrokerActivity], window: Window, *, after: str, following: Window | None
) -> Iterator[ActivityPage]:
    """A window's activities in pages; the last of them leads to the following window."""
    places = {one.id: place for place, one in enumerate(found)}
    start = places.get(after, -1) + 1
    end = f"{following}|" if following else ""
    while True:
        page = found[start : start + PAGE_ITEMS]
        start += PAGE_ITEMS
        is_last = start >= len(found)
        yield ActivityPage(page, end if is_last else f"{window}|{page[-1].id}")
        if is_last:
            return
