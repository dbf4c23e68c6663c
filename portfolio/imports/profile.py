"""What tells one broker's files, and what their words mean. Pure.

A profile is data, and where that does not do, an ``interpret`` that turns one row into the rows it
means. Adding one is one module in ``portfolio/imports/profiles``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Final

from portfolio.bookkeeping.amounts import ZERO
from portfolio.imports.errors import BadNumber
from portfolio.imports.headers import folded
from portfolio.imports.numbers import parse_number
from portfolio.imports.values import DateOrder, Field, RowProblem, Sheet, Table

# Kinds that the sign of a number decides.
TRADE: Final = "trade"  # units > 0 are bought
CASH: Final = "cash"  # money > 0 is paid in
SKIP: Final = "skip:"  # and why


class NoActivity(Exception):
    """A row that says nothing happened, or what another row says; the words are the reason."""


class Unclear(Exception):
    """A row from which nobody can tell what happened."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(slots=True)
class Row:
    """One line while it is being read. Numbers are as signed in the file."""

    texts: dict[Field, str]
    numbers: dict[Field, Decimal]
    cells: Mapping[str, str]  # by folded column
    decimal_mark: str
    problems: list[RowProblem] = field(default_factory=list)

    def cell(self, *names: str) -> str:
        """The first of the columns that has something in it."""
        return next((text for name in names if (text := self.cells.get(name, ""))), "")

    def number(self, *names: str) -> Decimal:
        """The same as a number; zero where all are empty, or it is none."""
        try:
            text = self.cell(*names)
            return parse_number(text, decimal_mark=self.decimal_mark) if text else ZERO
        except BadNumber:
            return ZERO

    def with_changes(self, *, texts: Mapping[Field, str], numbers: Mapping[Field, Decimal]) -> Row:
        """Another row of the same line, with only these numbers."""
        return replace(self, texts={**self.texts, **texts}, numbers=dict(numbers))


def as_it_stands(row: Row) -> Iterable[Row]:
    return (row,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One source of files.

    Attributes:
        signatures: sets of folded column names; a file is of this source if a row has all of one.
        columns: per field the folded names, the first that is there counts.
        kinds: folded words of the source → a kind of activity, or ``TRADE``, ``CASH``, ``SKIP``.
            A word that ends in ``*`` stands for all that begin so.
        is_signed: money > 0 came in and < 0 went out, so a refund can be told from a charge.
        find_tables: where the file is no plain table.
    """

    name: str
    label: str
    signatures: tuple[frozenset[str], ...]
    columns: Mapping[Field, tuple[str, ...]]
    kinds: Mapping[str, str]
    date_order: DateOrder | None = None
    decimal_mark: str = ""
    zone: str = "UTC"
    is_signed: bool = False
    keeps_external_ids: bool = False
    interpret: Callable[[Row], Iterable[Row]] = as_it_stands
    find_tables: Callable[[Sequence[Sheet]], list[Table]] | None = None

    def kind_of(self, word: str) -> str | None:
        """The kind that a word of this source means; ``None`` where nobody knows it."""
        word = folded(word)
        if found := self.kinds.get(word):
            return found
        for known, kind in self.kinds.items():
            if known.endswith("*") and word.startswith(known[:-1]):
                return kind
        return None


def headed(*names: str) -> frozenset[str]:
    return frozenset(names)
