"""Closes that young days stand on, kept by this process, so that only young ones are read anew.

A day without a close has the newest of up to a month before, and whatever changes that one tells.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final
from uuid import UUID

import numpy as np

from market.series.close_arrays import CloseArray, close_arrays
from portfolio.position_days.series_cache import SERIES_KEPT
from portfolio.valuations.valuing import CARRY_DAYS, ONE_DAY

NO_CLOSES: Final = CloseArray(np.zeros(0, np.int64), np.zeros(0, np.int64))


@dataclass(frozen=True, slots=True)
class Tail:
    """The newest close of the ``CARRY_DAYS`` before the first young day, or none."""

    revision: UUID
    young_from: date
    close: CloseArray


@dataclass(slots=True)
class RecentCloses:
    kept: dict[int, Tail] = field(default_factory=dict)

    def read(
        self, revisions: Mapping[int, UUID], *, start: date, end: date, is_anew: bool = False
    ) -> dict[int, CloseArray]:
        """The closes that the days from ``start``, the first young one, to ``end`` need.

        One query, and another for what is not kept.

        Args:
            revisions: of each instrument that is wanted, read before the closes are.
            is_anew: read everything, whatever is kept.
        """
        # Another thread may give the store up meanwhile.
        old = {
            key: tail.close
            for key, revision in revisions.items()
            if not is_anew
            and (tail := self.kept.get(key)) is not None
            and (tail.revision, tail.young_from) == (revision, start)
        }
        if lacking := revisions.keys() - old.keys():
            old |= self._read_old(lacking, revisions, young_from=start)
        young = close_arrays(revisions, start=start, end=end)
        return {key: joined(old[key], young[key]) if key in young else old[key] for key in old}

    def _read_old(
        self, keys: Collection[int], revisions: Mapping[int, UUID], *, young_from: date
    ) -> dict[int, CloseArray]:
        if len(self.kept) + len(keys) > SERIES_KEPT:
            self.kept.clear()
        first = young_from - timedelta(days=CARRY_DAYS)
        found = close_arrays(keys, start=first, end=young_from - ONE_DAY)
        newest = {key: newest_of(found[key]) if key in found else NO_CLOSES for key in keys}
        self.kept |= {key: Tail(revisions[key], young_from, one) for key, one in newest.items()}
        return newest


def newest_of(closes: CloseArray) -> CloseArray:
    # Copied, so that it does not keep those beside it in the memory.
    return CloseArray(closes.days[-1:].copy(), closes.numbers[-1:].copy())


def joined(old: CloseArray, young: CloseArray) -> CloseArray:
    return CloseArray(
        np.concatenate([old.days, young.days]), np.concatenate([old.numbers, young.numbers])
    )
