"""Which step of an import may follow which, and the refusals of all others. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from portfolio.errors import PortfolioError, PortfolioNotFound


class Step(StrEnum):
    READ = "read"
    CHANGE = "change"
    COMMIT = "commit"
    REVERSE = "reverse"


# What is absent is illegal. The states are those of ``ImportStatus``.
ALLOWED: Final = frozenset(
    {
        ("pending", Step.READ),
        ("previewed", Step.READ),
        ("failed", Step.READ),
        ("previewed", Step.CHANGE),
        ("failed", Step.CHANGE),
        ("previewed", Step.COMMIT),
        ("committed", Step.REVERSE),
    }
)
# A step asked for again where it is under way or done changes nothing, and is no error.
DONE: Final = frozenset(
    {
        ("committing", Step.COMMIT),
        ("committed", Step.COMMIT),
        ("reversing", Step.REVERSE),
        ("reversed", Step.REVERSE),
    }
)
WORDS: Final = {
    "pending": "is still being read",
    "previewed": "is not booked yet",
    "committing": "is being booked",
    "committed": "is booked",
    "reversing": "is being undone",
    "reversed": "is undone",
    "failed": "could not be read",
}


class ImportNotFound(PortfolioNotFound):
    """There is no such import, or the caller may not know that there is."""

    code = "import_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such import.")


class WrongStep(PortfolioError):
    """The import is not where that could be done."""

    code = "import_wrong_step"

    def __init__(self, status: str, step: Step) -> None:
        super().__init__(f"The import {WORDS[status]}; it cannot be asked to {step}.")
        self.status = status
        self.step = step


class NothingToImport(PortfolioError):
    """No row of the import would be booked."""

    code = "nothing_to_import"


def may(status: str, step: Step) -> bool:
    """Whether the step is to be taken now; ``False`` where it was taken before.

    Raises:
        WrongStep: it cannot be taken.
    """
    if (status, step) in ALLOWED:
        return True
    if (status, step) in DONE:
        return False
    raise WrongStep(status, step)
