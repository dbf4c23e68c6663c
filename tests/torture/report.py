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
    violations: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        head = f"{self.name}: seed {self.seed}, {self.count:,} {self.counted}"
        lines = [f"{head}, {len(self.violations)} violations"]
        return "\n".join([*lines, *(f"  {words}" for words in [*self.notes, *self.violations])])
