"""The root of every failure that a caller can act on.

Each app derives its own base from ``HoldfastError`` and each failure from that base, beside
what raises it. ``config/api.py`` alone knows which HTTP status a class means.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from accounts.tiers import better_tier, in_words, limit_of


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
    """The caller's tier does not include any more of that.

    ``limit`` is the name of the field in ``Allowance``, ``allowed`` what the tier includes.
    ``next_tier`` is one that includes more, ``next_allowed`` how much (``None`` without limit);
    both are ``None`` where no tier on offer does.
    """

    code = "allowance_exceeded"

    def __init__(self, *, limit: str, tier: str, because: str = "You have them all.") -> None:
        self.limit = limit
        self.tier = tier
        self.allowed = limit_of(tier, limit)
        self.next_tier = better_tier(tier, limit)
        self.next_allowed = None if self.next_tier is None else limit_of(self.next_tier, limit)
        sentences = [f"The {tier} tier includes {in_words(tier, limit)}. {because}"]
        if self.next_tier is not None:
            more = in_words(self.next_tier, limit)
            sentences.append(f"The {self.next_tier} tier includes {more}.")
        super().__init__(" ".join(sentences))

    def facts(self) -> dict[str, str | int | None]:
        """What a program needs to act on it."""
        return {
            "limit": self.limit,
            "tier": self.tier,
            "allowed": self.allowed,
            "next_tier": self.next_tier,
            "next_allowed": self.next_allowed,
        }


class AccountsError(HoldfastError):
    """A failure around who calls and what he may."""
