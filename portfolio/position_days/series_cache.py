"""Series of prices and rates that this process keeps, so that they are read once.

Kept are days that are over everywhere: whatever changes one of them tells, however late. Younger
ones may change without anybody telling, as the minutes of the day that is open do, and are read
every time.
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
    revision: UUID
    start: date
    series: Scaled

    @property
    def end(self) -> date:
        return self.start + ONE_DAY * (len(self.series) - 1)

    def reaches(self, start: date, end: date) -> bool:
        return self.start <= start and end <= self.end

    def between(self, start: date, end: date) -> Scaled:
        return self.series.part((start - self.start).days, (end - self.start).days + 1)


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
            key: kept.between(start, settled)
            for key, kept in at_hand.items()
            if not is_anew and kept.reaches(start, settled)
        }
        lacking = [key for key in revisions if key not in usable]
        # Where there is more in store than is asked for, it is not given up.
        earliest = min([start, *(at_hand[key].start for key in lacking if key in at_hand)])
        for key, series in self._loaded(lacking, load, earliest, settled).items():
            usable[key] = series.part((start - earliest).days, len(series))
            self._keep(key, Kept(revisions[key], earliest, series))
        recent = self._loaded(list(revisions), load_recent or load, settled + ONE_DAY, end)
        return {key: usable[key].followed_by(recent[key]) for key in revisions}

    def _loaded(
        self, keys: Collection[Key], load: Load[Key], start: date, end: date
    ) -> dict[Key, Scaled]:
        return dict(load(list(keys), start, end)) if keys else {}

    def _keep(self, key: Key, kept: Kept) -> None:
        if len(self.kept) >= SERIES_KEPT:
            self.kept.clear()
        self.kept[key] = kept
