"""Closes that young days stand on, kept by this process, so that only young ones are read anew.

A day without a close has that of up to a month before, and whatever changes that one tells.
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
    """The closes of the ``CARRY_DAYS`` before the first young day."""

    revision: UUID
    young_from: date
    closes: CloseArray


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
            key: tail.closes
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
        closes = {key: found.get(key, NO_CLOSES) for key in keys}
        self.kept |= {key: Tail(revisions[key], young_from, one) for key, one in closes.items()}
        return closes


def joined(old: CloseArray, young: CloseArray) -> CloseArray:
    return CloseArray(
        np.concatenate([old.days, young.days]), np.concatenate([old.numbers, young.numbers])
    )
