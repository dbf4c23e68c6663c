"""What every benchmark case shares: alternating rounds, medians, ratios, and their report.

A case is a module of this package with a ``run(options)`` function that returns a ``Report``.
Only ratios and CPU per unit may be compared between runs, because machines are noisy.
"""

from __future__ import annotations

import json
import resource
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Final

DEFAULT_SEED: Final = 20_200_110


@dataclass(frozen=True, slots=True)
class Options:
    """How a case is to be run."""

    rounds: int = 5
    seed: int = DEFAULT_SEED
    scale: float = 1.0  # share of the case's full size; 1 is what the documents promise


@dataclass(slots=True)
class Sample:
    """One timed piece of work."""

    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0  # of this process and the children it waited for


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of a report: ours, the limit's, and what their ratio should reach."""

    name: str
    unit: str
    ours: float
    limit: float | None = None
    ratio: float | None = None
    target: str = ""
    reached: bool | None = None


@dataclass(slots=True)
class Report:
    case: str
    seed: int
    rounds: int
    figures: list[Figure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    memory_mib: float = 0.0

    def add(
        self,
        name: str,
        *,
        unit: str,
        ours: Sequence[float],
        limit: Sequence[float] = (),
        at_least: float | None = None,
        at_most: float | None = None,
    ) -> None:
        """Record medians; the target is on the ratio where there is a limit, else on ours."""
        our_median = statistics.median(ours)
        limit_median = statistics.median(limit) if limit else None
        ratio = our_median / limit_median if limit_median else None
        judged = our_median if ratio is None else ratio
        target, reached = "", None
        if at_least is not None:
            target, reached = f"≥ {at_least:g}", judged >= at_least
        elif at_most is not None:
            target, reached = f"≤ {at_most:g}", judged <= at_most
        self.figures.append(Figure(name, unit, our_median, limit_median, ratio, target, reached))

    def as_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)

    def lines(self) -> Iterator[str]:
        yield f"{self.case}: {self.rounds} rounds, seed {self.seed}, {self.memory_mib:.0f} MiB"
        for figure in self.figures:
            words = [f"  {figure.name:<44} {figure.ours:>14,.3f} {figure.unit}"]
            if figure.limit is not None and figure.ratio is not None:
                words.append(f"limit {figure.limit:,.3f}, ratio {figure.ratio:.3f}")
            if figure.target:
                words.append(f"to reach {figure.target}: {'yes' if figure.reached else 'NO'}")
            yield " · ".join(words)
        for note in self.notes:
            yield f"  {note}"


@contextmanager
def measured() -> Iterator[Sample]:
    """Time a block: wall clock and CPU, this process and its waited-for children."""
    sample = Sample()
    started_cpu, started = _cpu_seconds(), time.perf_counter()
    try:
        yield sample
    finally:
        sample.wall_seconds = time.perf_counter() - started
        sample.cpu_seconds = _cpu_seconds() - started_cpu


def alternate(
    rounds: int, contestants: Mapping[str, Callable[[], float]]
) -> dict[str, list[float]]:
    """Run every contestant once a round, turning the order each time, so that drift hits all."""
    results: dict[str, list[float]] = {name: [] for name in contestants}
    names = list(contestants)
    for number in range(rounds):
        for name in names if number % 2 == 0 else reversed(names):
            results[name].append(contestants[name]())
    return results


def peak_memory_mib() -> float:
    """Largest resident set of this process so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _cpu_seconds() -> float:
    own = resource.getrusage(resource.RUSAGE_SELF)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime
