"""Series of prices and rates that this process keeps, so that they are read once.

Kept for good are days that are over everywhere: whatever changes one of them tells, however late.
Younger ones may change without anybody telling, as the minutes of the day that is open do, and are
read every time; kept with the others they only save putting both together where nothing changed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final, Generic, TypeVar
from uuid import UUID

from portfolio.position_days.exact_integers import Scaled
from portfolio.valuations.valuing import ONE_DAY

# A date ends half a day later in the Pacific than in UTC; and as long again for clocks that differ.
RECENT: Final = timedelta(days=3)
# Of some 4,000 days each: about 40 kB.
SERIES_KEPT: Final = 2_000

Key = TypeVar("Key", bound=Hashable)
# Reads consecutive days, both ends included, of some keys: one number for each.
Load = Callable[[Sequence[Key], date, date], Mapping[Key, Scaled]]


@dataclass(frozen=True, slots=True)
class Kept:
    """``series`` goes on after ``settled``, the last day kept for good, with ``recent``."""

    revision: UUID
    start: date
    settled: date
    series: Scaled
    recent: Scaled | None = None

    def reaches(self, start: date, settled: date) -> bool:
        return self.start <= start and settled <= self.settled

    def between(self, start: date, end: date) -> Scaled:
        return self.series.part((start - self.start).days, (end - self.start).days + 1)

    def ends_with(self, recent: Scaled, *, after: date) -> bool:
        return self.settled == after and self.recent is not None and self.recent.is_same(recent)

    def followed_by(self, recent: Scaled, *, after: date) -> Kept:
        """Of its days those up to one that is settled, and recent ones."""
        series = self.between(self.start, after).followed_by(recent)
        # All who read it share it.
        series.numbers.setflags(write=False)
        series.known.setflags(write=False)
        return Kept(self.revision, self.start, after, series, recent)


@dataclass(slots=True)
class SeriesCache(Generic[Key]):
    kept: dict[Key, Kept] = field(default_factory=dict)

    def read(
        self,
        revisions: Mapping[Key, UUID],
        load: Load[Key],
        *,
        start: date,
        end: date,
        load_recent: Load[Key] | None = None,
        is_anew: bool = False,
    ) -> dict[Key, Scaled]:
        """One number for each day from ``start`` to ``end`` of each key.

        Args:
            revisions: of each key that is wanted, read before the numbers are.
            load_recent: for the days that are never kept, where they are read in another way.
            is_anew: read everything, whatever is kept.
        """
        settled = end - RECENT
        if settled < start:
            return self._loaded(list(revisions), load, start, end)
        # Another thread may give the store up meanwhile.
        at_hand = {
            key: kept
            for key, revision in revisions.items()
            if (kept := self.kept.get(key)) is not None and kept.revision == revision
        }
        usable = {
            key: kept
            for key, kept in at_hand.items()
            if not is_anew and kept.reaches(start, settled)
        }
        lacking = [key for key in revisions if key not in usable]
        # Where there is more in store than is asked for, it is not given up.
        earliest = min([start, *(at_hand[key].start for key in lacking if key in at_hand)])
        for key, series in self._loaded(lacking, load, earliest, settled).items():
            usable[key] = Kept(revisions[key], earliest, settled, series)
        recent = self._loaded(list(revisions), load_recent or load, settled + ONE_DAY, end)
        for key, kept in usable.items():
            if not kept.ends_with(recent[key], after=settled):
                usable[key] = kept.followed_by(recent[key], after=settled)
                # Where more is settled already, that is not given up.
                if kept.settled == settled:
                    self._keep(key, usable[key])
        return {key: usable[key].between(start, end) for key in revisions}

    def _loaded(
        self, keys: Collection[Key], load: Load[Key], start: date, end: date
    ) -> dict[Key, Scaled]:
        return dict(load(list(keys), start, end)) if keys else {}

    def _keep(self, key: Key, kept: Kept) -> None:
        if len(self.kept) - (key in self.kept) >= SERIES_KEPT:
            self.kept.clear()
        self.kept[key] = kept
