"""The root of every failure that a caller can act on.

Each app derives its own base from ``HoldfastError`` and each failure from that base, beside
what raises it. ``config/api.py`` alone knows which HTTP status a class means.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


class HoldfastError(Exception):
    """Something the caller can act on. ``code`` is stable and meant for programs."""

    code: ClassVar[str] = "error"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with an input: the field it stands at, a stable code, and words."""

    field: str  # empty where it concerns the whole input
    code: str
    message: str


class ProblemsError(HoldfastError):
    """Several things may be wrong at once; ``problems`` names each."""

    code = "invalid"

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(" ".join(problem.message for problem in problems))
        self.problems = tuple(problems)


class NotFound(HoldfastError):
    """There is no such thing, or the caller may not know that there is."""

    code = "not_found"


class AllowanceExceeded(HoldfastError):
    """The caller's tier does not include any more of that."""

    code = "allowance_exceeded"


class AccountsError(HoldfastError):
    """A failure around who calls and what he may."""
