"""Reading a history of which nobody tells how it comes. Pure.

Exchanges give the oldest or the newest part of a stretch of time, in pages of their own size. So
a stretch is asked for, and then what lies before and behind of what came, until nothing new does.
Ends belong to both sides, as several things may happen in one millisecond.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from trading.broker_errors import BadBrokerAnswer

Row = Mapping[str, Any]
Ask = Callable[[int, int], Sequence[Row]]

FEWEST: Final = 10  # no exchange has smaller pages, so fewer are all there is
EDGE: Final = 2_000  # milliseconds: some know seconds only
EDGES_KEPT: Final = 500


@dataclass(slots=True)
class Walk:
    """Where a reading is. Times are milliseconds of Unix time."""

    part: int = 0
    todo: list[tuple[int, int]] = field(default_factory=list)
    edge: list[str] = field(default_factory=list)  # ids read at the ends of what is to do
    is_newest_first: bool = False

    def __str__(self) -> str:
        return json.dumps(asdict(self), separators=(",", ":"))


def read_walk(text: str) -> Walk:
    """Raises:
    BadBrokerAnswer: it was not written by a walk.
    """
    try:
        found = json.loads(text)
        found["todo"] = [(int(first), int(last)) for first, last in found["todo"]]
        return Walk(**found)
    except (ValueError, TypeError, KeyError) as error:
        raise BadBrokerAnswer(f"{text[:40]!r} is no place in a history.") from error


def steps(ask: Ask, walk: Walk, *, takes_until: bool, pages: int) -> Iterator[list[Row]]:
    """New rows, a page at a time; ``walk`` says where to go on after each.

    Raises:
        BadBrokerAnswer: a row has no time or id, or there are more than ``pages``.
    """
    seen = set(walk.edge)
    follows_page = False
    for _ in range(pages):
        if not walk.todo:
            return
        first, last = walk.todo.pop()
        found = ask(first, last)
        fresh = [one for one in found if id_of(one) not in seen and time_of(one) <= last + EDGE]
        seen.update(id_of(one) for one in fresh)
        if not fresh:
            # Behind the first page was nothing: it was the newest part.
            walk.is_newest_first = walk.is_newest_first or (follows_page and bool(walk.todo))
            follows_page = False
            continue
        times = [time_of(one) for one in fresh]
        low, high = min(times), max(times)
        if len(found) >= FEWEST:
            if takes_until and low > first:
                walk.todo.append((first, low))
            if high < last and not walk.is_newest_first:
                walk.todo.append((high, last))
        near = [one for one in fresh if min(time_of(one) - low, high - time_of(one)) <= EDGE]
        walk.edge = [*walk.edge, *map(id_of, near)][-EDGES_KEPT:]
        follows_page = True
        yield fresh
    raise BadBrokerAnswer("The history has more pages than are read.")


def id_of(one: Row) -> str:
    """Raises:
    BadBrokerAnswer: it has none.
    """
    found = one.get("id")
    if not isinstance(found, str) or not found:
        raise BadBrokerAnswer("Something in the history has no id.")
    return found


def time_of(one: Row) -> int:
    """Milliseconds since 1970.

    Raises:
        BadBrokerAnswer: it has none.
    """
    found = one.get("timestamp")
    if not isinstance(found, int):
        raise BadBrokerAnswer("Something in the history has no time.")
    return found
