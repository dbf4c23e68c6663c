"""What the books refuse of a file, in the words of the file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from accounts.errors import Problem
from portfolio.errors import ActivityRefused

# Of the rows with the same problem; how many more there are is said.
ROWS_NAMED: Final = 3


def at_rows(error: ActivityRefused, positions: Sequence[int]) -> ActivityRefused:
    """The refusal of several activities as one of rows: each reason once, with whom it is about.

    Args:
        positions: the row's place in the file of each activity, by its index.
    """
    rows: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    problems = []
    for problem in error.problems:
        index, _, field = problem.field.partition(".")
        if index.isdecimal():
            rows[field, problem.code, problem.message].append(positions[int(index)])
        else:
            problems.append(problem)
    for (field, code, message), places in rows.items():
        problems.append(
            Problem(f"rows.{min(places)}.{field}", code, f"{words_of(places)}: {message}.")
        )
    return ActivityRefused(problems)


def words_of(places: Sequence[int]) -> str:
    """``Row 4``, ``Rows 4, 7 and 9``, ``Rows 4, 7, 9 and 12 more``."""
    named = [str(place) for place in sorted(places)]
    more = len(named) - ROWS_NAMED
    if more > 0:
        named = [*named[:ROWS_NAMED], f"{more:,} more"]
    if len(named) == 1:
        return f"Row {named[0]}"
    return f"Rows {', '.join(named[:-1])} and {named[-1]}"
