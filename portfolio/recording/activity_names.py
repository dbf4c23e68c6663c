"""What the words of reported activities name: instruments, and other portfolios."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from accounts.errors import Problem
from market.errors import AmbiguousSymbol, UnknownSymbol
from market.models import Instrument
from market.queries import matches_of, only_one
from portfolio.errors import ActivityRefused, PortfolioNotFound
from portfolio.models import Portfolio


@dataclass(frozen=True, slots=True)
class ActivityNames:
    instrument: Instrument | None = None
    source_instrument: Instrument | None = None
    counterpart: Portfolio | None = None


class Named(Protocol):
    """A reported activity, with the words that name something."""

    @property
    def symbol(self) -> str | None: ...
    @property
    def from_symbol(self) -> str | None: ...
    @property
    def counterpart(self) -> str | None: ...


def names_of(
    reported: Sequence[Named], *, find_portfolio: Callable[[UUID], Portfolio], is_batch: bool
) -> list[ActivityNames]:
    """What each activity names; one query for all instruments.

    Args:
        find_portfolio: raises ``PortfolioNotFound`` for one that the caller does not reach.

    Raises:
        ActivityRefused: something named is not there; of a batch the field is led by the index.
    """
    words = {word for one in reported for word in (one.symbol, one.from_symbol) if word}
    matches = matches_of(words)
    problems: list[Problem] = []
    found = []
    for index, one in enumerate(reported):
        lead = f"{index}." if is_batch else ""
        found.append(
            ActivityNames(
                find_instrument(one.symbol, matches, f"{lead}symbol", problems),
                find_instrument(one.from_symbol, matches, f"{lead}from_symbol", problems),
                find_counterpart(one.counterpart, find_portfolio, f"{lead}counterpart", problems),
            )
        )
    if problems:
        raise ActivityRefused(problems)
    return found


def find_instrument(
    word: str | None,
    matches: Mapping[str, list[Instrument]],
    field: str,
    problems: list[Problem],
) -> Instrument | None:
    """A symbol that means nothing is wrong with the body, not with the address."""
    if not word:
        return None
    try:
        return only_one(word, matches[word])
    except (UnknownSymbol, AmbiguousSymbol) as error:
        problems.append(Problem(field, error.code, str(error)))
        return None


def find_counterpart(
    word: str | None,
    find_portfolio: Callable[[UUID], Portfolio],
    field: str,
    problems: list[Problem],
) -> Portfolio | None:
    if word is None:
        return None
    try:
        return find_portfolio(UUID(word))
    except (ValueError, PortfolioNotFound):
        problems.append(Problem(field, "unknown", "There is no such portfolio."))
        return None
