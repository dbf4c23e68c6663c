"""What a search says at its end."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Finding:
    """How much was tried, from which seed, and what was wrong."""

    name: str
    seed: int
    counted: str
    count: int = 0
    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0  # of this process and those it waited for
    violations: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        head = f"{self.name}: seed {self.seed}, {self.count:,} {self.counted}"
        lines = [f"{head}{self._rate()}, {len(self.violations)} violations"]
        return "\n".join([*lines, *(f"  {words}" for words in [*self.notes, *self.violations])])

    def _rate(self) -> str:
        """How many an hour, as it went and were the processor there for nothing else."""
        if not self.wall_seconds or not self.cpu_seconds:
            return ""
        hourly = 3600 * self.count
        return (
            f" ({hourly / self.wall_seconds:,.0f} an hour,"
            f" {hourly / self.cpu_seconds:,.0f} an hour of CPU here)"
        )
