"""Legs of one event at a broker: in the books together, or not at all. Pure.

Money that is changed leaves in one currency and comes in another. With one of the two alone in the
books, the portfolio would have gained or lost it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar


class Leg(Protocol):
    @property
    def id(self) -> int: ...

    @property
    def event_id(self) -> str: ...  # empty of what stands alone


AnyLeg = TypeVar("AnyLeg", bound=Leg)


def together(rows: Iterable[AnyLeg]) -> list[list[AnyLeg]]:
    """The legs of each event, and each row that stands alone, in the order of the first of each."""
    events: dict[tuple[str, int], list[AnyLeg]] = {}
    for row in rows:
        key = (row.event_id, 0) if row.event_id else ("", row.id)
        events.setdefault(key, []).append(row)
    return list(events.values())


def batches(rows: Iterable[AnyLeg], *, size: int) -> Iterator[list[AnyLeg]]:
    """At least ``size`` rows at a time, save the last; no event is parted."""
    batch: list[AnyLeg] = []
    for legs in together(rows):
        batch += legs
        if len(batch) >= size:
            yield batch
            batch = []
    if batch:
        yield batch
