"""For how many days of a span each number of a series stands, until the next. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Ordinals = NDArray[np.int64]


def stretches(series: Sequence[Ordinals], *, first: int, count: int) -> NDArray[np.int64]:
    """Lengths for ``np.repeat``: of each series the days before its first, then those from each on.

    Args:
        series: at least one, each of ascending days.
        first: the ordinal of the span's first day.
        count: of its days; what the lengths of each series add up to.
    """
    end = np.array([first + count])
    edges = np.concatenate([part for days in series for part in (days, end)])
    ends = np.clip(edges - first, 0, count)
    starts = np.roll(ends, 1)
    starts[np.cumsum([0, *(len(days) + 1 for days in series[:-1])])] = 0
    lengths: NDArray[np.int64] = ends - starts
    return lengths
